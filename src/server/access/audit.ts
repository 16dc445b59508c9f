// Who did what: a log line for each login, each logout and each request that was let in and changed something. It hangs on
// the guard's own rule, so that a new route is in it without being named here.
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { FewLines } from '../few-lines.js';
import type { Gate } from './gate.js';
import { changesNothing, isOpen } from './guard.js';
import { addressOf } from './networks.js';
import type { SessionCookie } from './session-cookie.js';

/** Fields of forms and bodies that say what was asked, none of which is personal. */
const TOLD = ['account', 'mode', 'collections', 'collection', 'kind', 'from', 'to'];
const LONGEST = 200;

export interface Audit {
  /** @param session in whose cookie the browser is from now on, or was */
  tell(request: FastifyRequest, session: string, act: 'logged in' | 'logged out'): void;
}

/** Begins to watch. Lines hold the address, the session by a name that opens nothing, and the runs that were started. */
export function keepAudit(server: FastifyInstance, gate: Gate, cookie: SessionCookie, lines: FewLines): Audit {
  const runs = new WeakMap<FastifyRequest, unknown>();
  server.addHook('preSerialization', async (request, _, payload) => {
    if (typeof payload === 'object' && payload !== null && 'run' in payload) runs.set(request, payload.run);
    return payload;
  });
  server.addHook('onResponse', async (request, reply) => {
    if (isOpen(request) || changesNothing(request) || reply.statusCode >= 400) return;
    const { pathname } = new URL(request.url, 'http://here');
    const session = request.access === 'session' ? cookie.read(request) : undefined;
    if (pathname === LOGOUT) return;
    const location = reply.getHeader('location');
    lines.write(
      {
        address: addressOf(request),
        by: request.access ?? 'nobody in particular: no token is set',
        ...(session === undefined ? {} : { session: gate.nameOf(session) }),
        did: `${request.method} ${pathname}`,
        ...asked(request.body),
        status: reply.statusCode,
        ...(location === undefined ? {} : { answer: location }),
        ...(runs.has(request) ? { run: runs.get(request) } : {}),
      },
      'audit: somebody acted',
    );
  });
  return {
    tell(request, session, act) {
      lines.write({ address: addressOf(request), session: gate.nameOf(session) }, `audit: somebody ${act}`);
    },
  };
}

/** Tells of itself, with the session that it ended. */
const LOGOUT = '/logout';

function asked(body: unknown): Record<string, unknown> {
  if (typeof body !== 'object' || body === null) return {};
  const told = Object.entries(body).filter(([name, value]) => TOLD.includes(name) && value !== '');
  return told.length === 0 ? {} : { asked: JSON.stringify(Object.fromEntries(told)).slice(0, LONGEST) };
}
