// What the server serves: one plugin a file, each named after what it serves. A new one is a line here.
import type { FastifyPluginAsync } from 'fastify';
import { apiRoutes } from './api/api.js';
import { healthRoutes } from './health.js';
import type { ServerLimits } from './limits.js';
import { metricsRoutes } from './metrics/routes.js';
import { pageRoutes } from './page/index.js';
import type { ServerParts } from './parts.js';
import { queueBoardRoutes } from './queue-board.js';
import { webhookRoutes } from './webhooks.js';

export const routes: readonly ((parts: ServerParts, limits: ServerLimits) => FastifyPluginAsync)[] = [
  healthRoutes,
  metricsRoutes,
  webhookRoutes,
  apiRoutes,
  queueBoardRoutes,
  pageRoutes,
];
