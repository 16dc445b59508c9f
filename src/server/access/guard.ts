// Stands before every route: who asks, from which page, and under which name. A route is closed unless it says
// otherwise, so a forgotten setting locks out instead of letting in.
//
//   open to all      route option `config: { access: 'open' }` (health, webhooks, the login form)
//   a form           <input type="hidden" name="_csrf" value="${request.formToken()}">; a POST without it is refused
//                    before its handler runs. Nothing else is needed.
//   programs         `Authorization: Bearer <ADMIN_TOKEN>`; no form token is asked of them
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isLoopback } from '../../config.js';
import type { ServerParts } from '../parts.js';
import type { Gate } from './gate.js';
import type { SessionCookie } from './session-cookie.js';
import { tooManyWrong, type WrongTokens } from './wrong-tokens.js';

/** The field of a form that holds its token. */
export const FORM_TOKEN_FIELD = '_csrf';

declare module 'fastify' {
  interface FastifyRequest {
    /** Value for the hidden field `_csrf` of a form on this page. */
    formToken(): string;
    /** How the asker proved who they are; undefined on open routes, and where no token is needed. */
    access: 'bearer' | 'session' | undefined;
  }
  interface FastifyContextConfig {
    /** 'open' = no token needed, and no check of form tokens or of the page that it comes from. Default: closed. */
    access?: 'open' | 'closed';
  }
}

const CHANGES_NOTHING = new Set(['GET', 'HEAD', 'OPTIONS']);

export const isOpen = ({ routeOptions }: FastifyRequest): boolean => routeOptions.config.access === 'open';
export const changesNothing = ({ method }: FastifyRequest): boolean => CHANGES_NOTHING.has(method);

interface GuardParts {
  readonly gate: Gate;
  readonly cookie: SessionCookie;
  readonly wrongTokens: WrongTokens;
}

export function guard(
  server: FastifyInstance,
  { config }: ServerParts,
  { gate, cookie, wrongTokens }: GuardParts,
): void {
  const checksHost = isLoopback(config.http.host) && !gate.needsToken;

  server.decorateRequest('access', undefined);
  server.decorateRequest('formToken', function formToken(this: FastifyRequest): string {
    return gate.formToken(cookie.read(this));
  });

  server.addHook('onRequest', async (request, reply) => {
    if (isOpen(request)) return;
    if (checksHost && !isAskedLocally(request)) {
      return refuse(
        reply,
        421,
        'Without ADMIN_TOKEN this server answers on this machine only, under 127.0.0.1 or localhost. Set ADMIN_TOKEN to reach it through a proxy or under another name.',
      );
    }
    if (gate.needsToken && !(await admit(request, reply))) return reply;
    if (changesNothing(request) || request.access === 'bearer') return;
    if (!comesFromOwnPage(request)) {
      return refuse(reply, 403, 'This request comes from a page of another site. Use the pages of this server.');
    }
  });

  // After the body was read: that is where a form has its token.
  server.addHook('preHandler', async (request, reply) => {
    if (isOpen(request) || changesNothing(request) || request.access === 'bearer') return;
    if (request.access === undefined && !isForm(request)) return;
    if (gate.isFormToken(formTokenOf(request), cookie.read(request))) return;
    return refuse(reply, 403, 'This form is out of date. Go back, load the page again and send it once more.');
  });

  /** @returns false when the answer has been given */
  async function admit(request: FastifyRequest, reply: FastifyReply): Promise<boolean> {
    const bearer = /^Bearer +(\S+) *$/i.exec(request.headers.authorization ?? '')?.[1];
    // The right one always gets in: only then are wrong ones counted.
    if (bearer !== undefined && gate.isToken(bearer)) {
      request.access = 'bearer';
      return true;
    }
    const waitSeconds = bearer === undefined ? 0 : wrongTokens.came(reply);
    if (waitSeconds > 0) {
      refuse(reply, 429, tooManyWrong(waitSeconds));
      return false;
    }
    const session = cookie.read(request);
    if (bearer === undefined && session !== undefined && gate.isSession(session, Date.now())) {
      request.access = 'session';
      return true;
    }
    if (bearer === undefined && request.method === 'GET' && wantsHtml(request)) {
      reply.redirect(`/login?to=${encodeURIComponent(request.url)}`, 303);
      return false;
    }
    reply.header('www-authenticate', 'Bearer realm="hive-sync"');
    refuse(reply, 401, 'ADMIN_TOKEN is needed: send it as "Authorization: Bearer <token>", or log in at /login.');
    return false;
  }
}

const refuse = (reply: FastifyReply, status: number, sentence: string): FastifyReply =>
  reply.code(status).send({ errors: [sentence] });

const wantsHtml = ({ headers }: FastifyRequest): boolean => headers.accept?.includes('text/html') ?? false;

/** What proxies add. One that adds nothing and asks under our own name cannot be told from a program of this machine. */
const FORWARDED = /^(?:forwarded|via|x-real-ip|x-forwarded-.*)$/;

/** A name that somebody else's DNS may point at this machine is not ours; neither is what any proxy passes on. */
function isAskedLocally({ headers }: FastifyRequest): boolean {
  if (Object.keys(headers).some((name) => FORWARDED.test(name))) return false;
  return isLoopback(hostnameOf(headers.host ?? '') ?? '');
}

function hostnameOf(host: string): string | undefined {
  const url = `http://${host}`;
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[(.*)\]$/, '$1') : undefined;
}

/**
 * Browsers say where a request comes from in Sec-Fetch-Site (over https and on this machine) and in Origin. A program
 * says neither, and no page of another site can make a browser keep both back.
 */
export function comesFromOwnPage({ headers, host }: FastifyRequest): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) return site === 'same-origin';
  const { origin } = headers;
  if (origin === undefined) return true;
  return URL.canParse(origin) && [host, headers.host].includes(new URL(origin).host);
}

const isForm = ({ headers }: FastifyRequest): boolean =>
  /^(application\/x-www-form-urlencoded|multipart\/form-data|text\/plain)\b/i.test(headers['content-type'] ?? '');

/** Forms carry it in a field; a script of our own pages may send it as a header. */
function formTokenOf({ body, headers }: FastifyRequest): string {
  const inBody = (body as Record<string, unknown> | null | undefined)?.[FORM_TOKEN_FIELD];
  const token = inBody ?? headers['x-csrf-token'];
  return typeof token === 'string' ? token : '';
}
