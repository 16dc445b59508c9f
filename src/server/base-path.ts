// HTTP_BASE_PATH: the pages under a sub-path of a proxy, such as https://tools.example/hive. Inside, every path is as
// without it; it is put before what leaves this server, in one place, so no link can be forgotten. A proxy may pass the
// sub-path on or take it away: both are understood, and /healthz stays where probes on this machine look for it.
import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { QUEUES_PATH } from './queue-board.js';

/** For fastify's `rewriteUrl`. @param basePath `/hive`, or empty */
export const withoutBasePath =
  (basePath: string) =>
  ({ url = '/' }: Pick<IncomingMessage, 'url'>): string => {
    if (basePath === '' || !url.startsWith(basePath)) return url;
    const rest = url.slice(basePath.length);
    return rest === '' ? '/' : rest.startsWith('?') ? `/${rest}` : rest.startsWith('/') ? rest : url;
  };

/** Puts it before the links, forms and assets of pages, and before where a redirect leads. */
export function addBasePath(server: FastifyInstance, basePath: string): void {
  if (basePath === '') return;
  server.addHook('onSend', async (request, reply, payload) => {
    const location = reply.getHeader('location');
    if (typeof location === 'string' && /^\/(?!\/)/.test(location)) reply.header('location', basePath + location);
    const isPage = String(reply.getHeader('content-type') ?? '').startsWith('text/html');
    // The board of the queues is told its own path.
    if (!isPage || typeof payload !== 'string' || request.url.startsWith(QUEUES_PATH)) return payload;
    const changed = payload.replaceAll(LINK, `$1${basePath}$2`);
    reply.header('content-length', Buffer.byteLength(changed));
    return changed;
  });
}

/** Attributes stand in quotes, and quotes in values are escaped (html.ts): nothing in a text looks like this. */
const LINK = /(\b(?:href|src|action)=")(\/(?!\/))/g;
