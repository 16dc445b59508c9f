// The login form: the admin token once, then a session in a cookie that no script and no other site gets.
import type { FastifyPluginAsync, FastifyReply } from 'fastify';
import { type Html, html } from '../html.js';
import { ICON_PATH } from '../page/assets.js';
import type { Audit } from './audit.js';
import type { Gate } from './gate.js';
import { comesFromOwnPage } from './guard.js';
import type { SessionCookie } from './session-cookie.js';
import { tooManyWrong, type WrongTokens } from './wrong-tokens.js';

interface LoginForm {
  readonly token?: string;
  readonly to?: string;
}

const open = { config: { access: 'open' as const } };
/** A token and a path. Anybody may send it, so it is small. */
const LARGEST_FORM_BYTES = 16 * 1_024;

interface LoginParts {
  readonly gate: Gate;
  readonly cookie: SessionCookie;
  readonly wrongTokens: WrongTokens;
  readonly audit: Audit;
}

export const loginRoutes =
  ({ gate, cookie, wrongTokens, audit }: LoginParts): FastifyPluginAsync =>
  async (server) => {
    server.get<{ Querystring: LoginForm }>('/login', open, (request, reply) => {
      if (!gate.needsToken) return reply.redirect('/', 303);
      return sendPage(reply, 200, loginPage(pathOf(request.query.to)));
    });

    server.post<{ Body: LoginForm | null }>('/login', { ...open, bodyLimit: LARGEST_FORM_BYTES }, (request, reply) => {
      if (!gate.needsToken) return reply.redirect('/', 303);
      const to = pathOf(request.body?.to);
      const refuse = (status: number, sentence: string) => sendPage(reply, status, loginPage(to, sentence));
      if (!comesFromOwnPage(request)) return refuse(403, 'The form came from another site. Please use this one.');
      const token = request.body?.token;
      if (typeof token !== 'string' || !gate.isToken(token.trim())) {
        const waitSeconds = wrongTokens.came(reply);
        return waitSeconds > 0
          ? refuse(429, tooManyWrong(waitSeconds))
          : refuse(401, 'That is not the token. It is the value of ADMIN_TOKEN in the worker’s environment.');
      }
      const before = cookie.read(request);
      if (before !== undefined) gate.endSession(before);
      const session = gate.openSession(Date.now());
      cookie.set(reply, session);
      audit.tell(request, session, 'logged in');
      return reply.redirect(to, 303);
    });

    server.post('/logout', (request, reply) => {
      const session = cookie.read(request);
      if (session !== undefined && request.access === 'session') {
        gate.endSession(session);
        audit.tell(request, session, 'logged out');
      }
      cookie.clear(reply);
      return reply.redirect('/login', 303);
    });

    server.get('/login.css', open, (_, reply) =>
      reply.type('text/css').header('cache-control', 'max-age=3600').send(STYLE),
    );
  };

/** Where to go after the login: a path of this server and nothing else. */
function pathOf(to: unknown): string {
  if (typeof to !== 'string' || !URL.canParse(to, 'http://here')) return '/';
  const url = new URL(to, 'http://here');
  return url.origin === 'http://here' && !/^\/{2}/.test(url.pathname) ? url.pathname + url.search : '/';
}

const sendPage = (reply: FastifyReply, status: number, page: Html): FastifyReply =>
  reply.code(status).type('text/html; charset=utf-8').send(page.text);

const loginPage = (to: string, problem?: string): Html => html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Log in · hive-sync</title>
<link rel="icon" href="${ICON_PATH}" type="image/svg+xml">
<link rel="stylesheet" href="/login.css">
</head>
<body>
<main>
<h1>hive-sync</h1>
${problem !== undefined && html`<p role="alert">${problem}</p>`}
<form method="post" action="/login">
<input type="hidden" name="to" value="${to}">
<label for="token">Admin token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required autofocus>
<button type="submit">Log in</button>
</form>
<p>The token is the value of ADMIN_TOKEN in the worker’s environment.</p>
</main>
</body>
</html>
`;

const STYLE = `
:root { color-scheme: light dark; --text: #1c1e21; --faint: #5b6068; --back: #f6f7f8; --card: #fff; --line: #d4d8dd; --accent: #8a5a00; --bad: #a3221b; }
@media (prefers-color-scheme: dark) { :root { --text: #e8eaed; --faint: #a0a6ae; --back: #16181b; --card: #1f2226; --line: #3a3f46; --accent: #f0b429; --bad: #ff8a80; } }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, sans-serif; }
main { width: min(22rem, 100vw - 2rem); box-sizing: border-box; padding: 1.5rem; background: var(--card); border: 1px solid var(--line); border-radius: 0.75rem; }
h1 { margin: 0 0 1rem; font-size: 1.25rem; }
label { display: block; font-weight: 600; }
input[type=password] { width: 100%; box-sizing: border-box; margin: 0.25rem 0 1rem; padding: 0.6rem; font: inherit; color: inherit; background: var(--back); border: 1px solid var(--line); border-radius: 0.4rem; }
button { width: 100%; padding: 0.6rem; font: inherit; font-weight: 600; color: var(--card); background: var(--accent); border: 0; border-radius: 0.4rem; cursor: pointer; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
p { margin: 1rem 0 0; color: var(--faint); font-size: 0.875rem; }
[role=alert] { margin: 0 0 1rem; color: var(--bad); }
`;
