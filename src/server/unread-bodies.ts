// Who is answered before the body has come (refused, too large, too slow) is not listened to any longer: the connection ends
// with the answer. Without this, Node would read the rest of the body, however long, and throw it away.
import { setImmediate } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';

export function leaveBodiesUnread(server: FastifyInstance): void {
  server.addHook('onSend', async (request, reply, payload) => {
    // A small one has come along with its headers, and is only not parsed yet.
    if (!request.raw.complete) await setImmediate();
    if (!request.raw.complete) reply.header('connection', 'close');
    return payload;
  });
}
