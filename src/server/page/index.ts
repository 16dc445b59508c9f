// The pages for people. What goes wrong is told as a page too.
import type { FastifyPluginAsync } from 'fastify';
import { html } from '../html.js';
import type { ServerParts } from '../parts.js';
import { assetRoutes } from './assets.js';
import { layout } from './layout.js';
import { letterRoutes } from './letter.js';
import { letterListRoutes } from './letters.js';
import { overviewRoutes } from './overview.js';
import { runRoutes } from './runs.js';
import { startRunRoutes } from './start-run.js';

export const pageRoutes =
  (parts: ServerParts): FastifyPluginAsync =>
  async (server) => {
    server.addHook('onSend', async (request, reply, payload) => {
      const isProblem =
        reply.statusCode >= 400 && String(reply.getHeader('content-type')).startsWith('application/json');
      if (!isProblem || typeof payload !== 'string' || request.headers.accept?.includes('text/html') !== true)
        return payload;
      const { errors } = JSON.parse(payload) as { errors: readonly string[] };
      reply.type('text/html; charset=utf-8');
      return layout(request, parts, {
        title: 'It did not work',
        main: html`<h1>It did not work</h1>
<div class="notice bad" role="alert">${errors.map((error) => html`<p>${error}</p>`)}</div>
<p><a class="button" href="/">To the status page</a></p>`,
      }).text;
    });
    for (const routes of [overviewRoutes, runRoutes, startRunRoutes, letterListRoutes, letterRoutes]) {
      await server.register(routes(parts));
    }
    await server.register(assetRoutes);
    // A mistyped address is told as a page as well.
    server.get('/*', (_, reply) => reply.callNotFound());
  };
