// GET /metrics, and the count of this server's own answers.
import type { FastifyInstance, FastifyPluginAsync } from 'fastify';
import type { ServerParts } from '../parts.js';
import { openGauges } from './gauges.js';
import { openLoopGauges } from './loops.js';
import type { Metrics } from './metrics.js';

export const metricsRoutes =
  (parts: ServerParts): FastifyPluginAsync =>
  async (server) => {
    const { registry } = parts.metrics;
    const refresh = openGauges(parts);
    const refreshLoops = openLoopGauges(parts);
    server.get('/metrics', async (_, reply) => {
      await refresh();
      refreshLoops();
      return reply.type(registry.contentType).send(await registry.metrics());
    });
  };

export function countAnswers(server: FastifyInstance, metrics: Metrics): void {
  server.addHook('onResponse', async (request, reply) => {
    const { method, routeOptions } = request;
    metrics.answered(routeOptions.url ?? 'none', method, reply.statusCode, reply.elapsedTime / 1_000);
  });
}
