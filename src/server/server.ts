// The worker's HTTP server: one listener, access and headers before everything, and the plugins of routes.ts.
import type { AddressInfo } from 'node:net';
import cookies from '@fastify/cookie';
import formbody from '@fastify/formbody';
import fastify from 'fastify';
import { AddressError, describe } from '../errors.js';
import { keepAudit } from './access/audit.js';
import { openGate } from './access/gate.js';
import { guard } from './access/guard.js';
import { openGuesses } from './access/guesses.js';
import { loginRoutes } from './access/login.js';
import { sessionCookie } from './access/session-cookie.js';
import { sayUnnamedProxies } from './access/unnamed-proxies.js';
import { openWrongTokens } from './access/wrong-tokens.js';
import { answerErrors } from './answer-errors.js';
import { addBasePath, withoutBasePath } from './base-path.js';
import { openFewLines } from './few-lines.js';
import { addSecurityHeaders } from './headers.js';
import { createLimitedServer } from './limited-server.js';
import { SERVER_LIMITS, type ServerLimits } from './limits.js';
import { countAnswers } from './metrics/routes.js';
import type { ServerParts } from './parts.js';
import { openPlaces } from './places.js';
import { routes } from './routes.js';
import { leaveBodiesUnread } from './unread-bodies.js';

export interface Server {
  /** Where people find it, without a slash at the end: http://127.0.0.1:8787 */
  readonly url: string;
  /** Answers what was asked and leaves. */
  close(): Promise<void>;
}

/** A body that people or programs send here is small. Webhooks have a limit of their own. */
const LARGEST_BODY_BYTES = 256 * 1_024;
/** A request that is not answered by then is cut off when the server closes. */
const LAST_ANSWERS_MS = 2_000;

/** Log lines a minute of wrong tokens, and of acts of those who were let in. */
const WRONG_TOKEN_LINES = 20;
const AUDIT_LINES = 600;

/**
 * @param changed limits that differ from SERVER_LIMITS
 * @throws AddressError when nothing can listen there
 */
export async function openServer(parts: ServerParts, changed: Partial<ServerLimits> = {}): Promise<Server> {
  const limits: ServerLimits = { ...SERVER_LIMITS, ...changed };
  const { host, port, adminToken, basePath, trustedProxies } = parts.config.http;
  const places = openPlaces(limits.connections);
  const server = fastify({
    // More than one where the host is `localhost` and has two addresses.
    serverFactory: (handler) => createLimitedServer(limits, places, handler),
    // The listeners answer by themselves.
    clientErrorHandler: () => {},
    logger: false,
    // People end addresses with a slash, or not.
    routerOptions: { ignoreTrailingSlash: true },
    rewriteUrl: withoutBasePath(basePath),
    bodyLimit: LARGEST_BODY_BYTES,
    // They tell the asker's address and whether it was https. What anybody else says of that is not looked at.
    trustProxy: trustedProxies.length > 0 && [...trustedProxies],
    ajv: { customOptions: { allErrors: true, coerceTypes: 'array', removeAdditional: false } },
  });
  const gate = openGate(adminToken);
  const cookie = sessionCookie(parts.config.http);
  const wrongLines = openFewLines(parts.log, 'warn', WRONG_TOKEN_LINES);
  const auditLines = openFewLines(parts.log, 'info', AUDIT_LINES);
  const wrongTokens = openWrongTokens(openGuesses(limits.guesses), wrongLines);
  addSecurityHeaders(server);
  addBasePath(server, basePath);
  leaveBodiesUnread(server);
  answerErrors(server, parts.log);
  server.addHook('preHandler', async ({ socket }) => places.isServed(socket));
  server.addHook('onSend', async ({ socket }, _, payload) => {
    places.isWaitedFor(socket);
    return payload;
  });
  countAnswers(server, parts.metrics);
  await server.register(cookies);
  await server.register(formbody);
  sayUnnamedProxies(server, parts.log);
  guard(server, parts, { gate, cookie, wrongTokens });
  const audit = keepAudit(server, gate, cookie, auditLines);
  await server.register(loginRoutes({ gate, cookie, wrongTokens, audit }));
  for (const route of routes) await server.register(route(parts, limits));
  try {
    await server.listen({ host, port });
  } catch (error) {
    await server.close();
    throw addressError(error, host, port);
  }
  const url = urlOf(host, (server.server.address() as AddressInfo).port) + basePath;
  parts.log.info({ url, token: adminToken === undefined ? 'not needed' : 'needed' }, 'server is up');
  return {
    url,
    async close() {
      const cutOff = setTimeout(() => server.server.closeAllConnections(), LAST_ANSWERS_MS);
      await server.close();
      clearTimeout(cutOff);
      wrongLines.close();
      auditLines.close();
    },
  };
}

function addressError(error: unknown, host: string, port: number): AddressError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const because =
    code === 'EADDRINUSE'
      ? 'another program listens there already, perhaps another worker. Stop it, or set HTTP_PORT to a free port (0 = any)'
      : code === 'EACCES'
        ? 'this user may not. Set HTTP_PORT to a port above 1023'
        : code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND'
          ? 'this machine has no such address. Set HTTP_HOST to one that it has, or to 0.0.0.0 for all'
          : describe(error);
  return new AddressError(`The server cannot listen on ${host}, port ${port}: ${because}.`, { cause: error });
}

/** All addresses of a machine have no name that a browser knows; this machine's own has. */
function urlOf(host: string, port: number): string {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  return `http://${name.includes(':') ? `[${name}]` : name}:${port}`;
}
