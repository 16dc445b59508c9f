// What pages load besides themselves: one stylesheet, one script, one icon. Their names change with their content, so
// browsers may keep them for ever.
import { createHash } from 'node:crypto';
import type { FastifyPluginAsync } from 'fastify';
import { REFRESH_SCRIPT } from './refresh-script.js';
import { STYLE } from './style.js';

const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path fill="#d18a00" d="M12 1.5 21 6.7v10.6L12 22.5 3 17.3V6.7z"/><path fill="none" stroke="#fff" stroke-width="2.4" stroke-linecap="round" stroke-linejoin="round" d="m8 12.2 2.8 2.8L16.2 9"/></svg>';

const named = (name: string, ending: string, content: string): string =>
  `/page/${name}-${createHash('sha256').update(content).digest('hex').slice(0, 12)}.${ending}`;

export const STYLE_PATH = named('style', 'css', STYLE);
export const SCRIPT_PATH = named('refresh', 'js', REFRESH_SCRIPT);
export const ICON_PATH = named('icon', 'svg', ICON);

/** Nothing in them is secret, and an error page for somebody who is not logged in needs them too. */
const open = { config: { access: 'open' as const } };

export const assetRoutes: FastifyPluginAsync = async (server) => {
  for (const [path, type, content] of [
    [STYLE_PATH, 'text/css; charset=utf-8', STYLE],
    [SCRIPT_PATH, 'text/javascript; charset=utf-8', REFRESH_SCRIPT],
    [ICON_PATH, 'image/svg+xml', ICON],
  ] as const) {
    server.get(path, open, (_, reply) =>
      reply.type(type).header('cache-control', 'public, max-age=31536000, immutable').send(content),
    );
  }
};
