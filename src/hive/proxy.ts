// Requests through a proxy. Node 20 has no such thing of its own; undici, of which its fetch is made, has.

/** What fetch() takes as its `dispatcher`. */
export type Dispatcher = NonNullable<RequestInit['dispatcher']>;

/** @param proxy its URL, user and password within. Loaded only when it is needed, and once. */
export function openProxy(proxy: string): () => Promise<Dispatcher> {
  let opened: Promise<Dispatcher> | undefined;
  return () => {
    opened ??= import('undici').then(({ ProxyAgent }) => new ProxyAgent({ uri: proxy }) as unknown as Dispatcher);
    return opened;
  };
}

/** Host and port of the proxy, for messages. */
export const proxyPlaceOf = (proxy: string): string => new URL(proxy).host;
