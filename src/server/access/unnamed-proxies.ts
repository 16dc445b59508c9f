// Says once that a proxy stands before us which TRUSTED_PROXIES does not name: then limits count all who come through it as
// one, and the cookie cannot be for https only.
import type { FastifyInstance } from 'fastify';
import type { Logger } from '../../log.js';

export function sayUnnamedProxies(server: FastifyInstance, log: Logger): void {
  let isSaid = false;
  server.addHook('onRequest', async ({ headers, ips, socket }) => {
    // A trusted one has others behind it.
    if (isSaid || headers['x-forwarded-for'] === undefined || (ips?.length ?? 1) > 1) return;
    isSaid = true;
    log.warn(
      { proxy: socket.remoteAddress },
      'X-Forwarded-For of this address is not looked at; if it is your proxy, name it in TRUSTED_PROXIES',
    );
  });
}
