// The HTTP API for programs, and its description at /api/openapi.json.
import type { FastifyPluginAsync } from 'fastify';
import type { ServerParts } from '../parts.js';
import { deadLetterEndpoints } from './dead-letters.js';
import { type Endpoint, serveEndpoint } from './endpoint.js';
import { openApi } from './openapi.js';
import { runEndpoints } from './runs.js';
import { statusEndpoints } from './status.js';

export const endpointsOf = (parts: ServerParts): Endpoint[] => [
  ...statusEndpoints(parts),
  ...runEndpoints(parts),
  ...deadLetterEndpoints(parts),
];

export const apiRoutes =
  (parts: ServerParts): FastifyPluginAsync =>
  async (server) => {
    const endpoints = endpointsOf(parts);
    for (const one of endpoints) serveEndpoint(server, one);
    const document = openApi(endpoints, parts.version, parts.config.http.basePath);
    server.get('/api/openapi.json', async () => document);
  };
