// The queues as bull-board shows them, at /queues: to look at, not to touch. Jobs are made and ended by the ledger's
// rules; one that was removed or retried by hand would come back or be refused.
import { createBullBoard } from '@bull-board/api';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import { FastifyAdapter } from '@bull-board/fastify';
import type { FastifyPluginAsync } from 'fastify';
import { CONTENT_SECURITY_POLICY } from './headers.js';
import type { ServerParts } from './parts.js';

export const QUEUES_PATH = '/queues';
/** Its page carries styles inline and names its own base. Its scripts are files; fonts from elsewhere stay out. */
const POLICY = CONTENT_SECURITY_POLICY.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'").replace(
  "base-uri 'none'",
  "base-uri 'self'",
);

export const queueBoardRoutes =
  ({ accounts, config }: ServerParts): FastifyPluginAsync =>
  async (server) => {
    const { basePath } = config.http;
    const board = new FastifyAdapter().setBasePath(basePath + QUEUES_PATH);
    createBullBoard({
      // Its type names BullMQ's Redis queue; ours is the same class on either backend.
      queues: accounts.map(({ queue }) => new BullMQAdapter(queue.queue as never, { readOnlyMode: true })),
      serverAdapter: board,
      options: {
        uiConfig: {
          boardTitle: 'hive-sync queues',
          hideDocsLink: true,
          miscLinks: [{ text: 'Status', url: `${basePath}/` }],
        },
      },
    });
    server.addHook('onRequest', async (request, reply) => {
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        return reply
          .code(405)
          .header('allow', 'GET')
          .send({ errors: ['The queues can only be looked at.'] });
      }
      reply.header('content-security-policy', POLICY);
    });
    await server.register(board.registerPlugin(), { prefix: QUEUES_PATH });
  };
