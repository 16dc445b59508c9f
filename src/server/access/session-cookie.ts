// The cookie that holds a session: for no script, no other site and, where the way to us is https, no other way. Its name
// says so with a prefix that browsers check: `__Host-` for the whole host, `__Secure-` below a sub-path.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { SESSION_SECONDS } from './gate.js';

export interface SessionCookie {
  read(request: FastifyRequest): string | undefined;
  set(reply: FastifyReply, session: string): void;
  clear(reply: FastifyReply): void;
}

/**
 * @param basePath as in HTTP_BASE_PATH, or empty. Programs elsewhere on that host do not get the cookie.
 * @param port browsers send cookies to all ports of a host; two workers must not take each other's for their own
 */
export function sessionCookie({ basePath, port }: { readonly basePath: string; readonly port: number }): SessionCookie {
  const path = basePath === '' ? '/' : basePath;
  const prefix = path === '/' ? '__Host-' : '__Secure-';
  const isSecure = ({ protocol }: FastifyRequest): boolean => protocol === 'https';
  const nameFor = (request: FastifyRequest): string => `${isSecure(request) ? prefix : ''}hive_sync_session_${port}`;
  const attributes = (request: FastifyRequest) =>
    ({ path, httpOnly: true, sameSite: 'strict', secure: isSecure(request) }) as const;
  return {
    read: (request) => request.cookies[nameFor(request)],
    set(reply, session) {
      const { request } = reply;
      reply.setCookie(nameFor(request), session, { ...attributes(request), maxAge: SESSION_SECONDS });
    },
    clear(reply) {
      reply.clearCookie(nameFor(reply.request), attributes(reply.request));
    },
  };
}
