/** Is it a socket, this machine, or a name without a dot, as in a network of containers? Nobody listens on the way there. */
export const isNear = (host: string): boolean => /^(\/|@|127\.|::1$|[^.:]+$)/.test(host);
