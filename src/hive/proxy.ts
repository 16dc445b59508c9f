// Requests through a proxy. Node 20 has no such thing of its own; undici, of which its fetch is made, has.

/** What fetch() takes as its `dispatcher`. */
export type Dispatcher = NonNullable<RequestInit['dispatcher']>;

/** @param proxy its URL, user and password within. Loaded only when it is needed, and once. */
export function openProxy(proxy: string): () => Promise<Dispatcher> {
  let opened: Promise<Dispatcher> | undefined;
  return () => {
    opened ??= open(proxy);
    return opened;
  };
}

async function open(uri: string): Promise<Dispatcher> {
  const { Pool, ProxyAgent } = await import('undici');
  const clientFactory = (origin: URL, options: object) => {
    const pool = new Pool(origin, options);
    const connect = pool.connect.bind(pool) as (asked: unknown) => Promise<unknown>;
    return Object.assign(pool, { connect: (asked: unknown) => connect(asked).catch(hungUp) });
  };
  return new ProxyAgent({ uri, clientFactory }) as unknown as Dispatcher;
}

/**
 * A proxy that hangs up instead of making the tunnel. undici would take its own code for a connection that was idle for too
 * long, and connect again at once, a thousand times a second, until the request is out of time.
 */
function hungUp(error: Error & { readonly code?: unknown }): never {
  if (error.code !== 'UND_ERR_SOCKET') throw error;
  throw Object.assign(new Error(error.message, { cause: error }), { code: 'ECONNRESET' });
}

/** Host and port of the proxy, for messages. */
export const proxyPlaceOf = (proxy: string): string => new URL(proxy).host;
