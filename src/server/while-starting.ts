// Answers in the worker's place while it waits for its servers or for a lock: the process is up, and not of use yet.
// Who watches it then neither restarts it nor sends it work.
import { once } from 'node:events';
import { createLimitedServer } from './limited-server.js';
import { SERVER_LIMITS, type ServerLimits } from './limits.js';
import { openPlaces } from './places.js';

export interface StartingServer {
  /** What `/readyz` says from now on: a sentence without a word about where things are. */
  say(sentence: string): void;
  /** Lets go of the address, for the server that follows. */
  close(): Promise<void>;
}

const STARTING = 'The worker is starting: it waits for PostgreSQL and the queue, or brings the schema in step.';

/**
 * Listens where the worker's server will. Where that is not possible it stays away: openServer() says why.
 * @param basePath as in HTTP_BASE_PATH; empty = none
 * @param limits those of openServer()
 */
export async function openWhileStarting(
  { host, port }: { readonly host: string; readonly port: number },
  basePath = '',
  limits: ServerLimits = SERVER_LIMITS,
): Promise<StartingServer> {
  let sentence = STARTING;
  const places = openPlaces(limits.connections);
  const server = createLimitedServer(limits, places, (request, response) => {
    const path = (request.url ?? '').split('?')[0];
    const isHealth = path === '/healthz' || path === `${basePath}/healthz`;
    response.writeHead(isHealth ? 200 : 503, {
      'content-type': 'application/json; charset=utf-8',
      connection: 'close',
    });
    response.end(JSON.stringify(isHealth ? { ok: true } : { errors: [sentence] }));
  });
  server.listen({ host, port });
  const listens = await Promise.race([
    once(server, 'listening').then(() => true),
    once(server, 'error').then(() => false),
  ]).catch(() => false);
  return {
    say(next) {
      sentence = next;
    },
    async close() {
      if (!listens || !server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
