// The login form: the admin token once, then a signed session in a cookie that no script and no other site gets.
import type { FastifyPluginAsync, FastifyReply } from 'fastify';
import { type Html, html } from '../html.js';
import { ICON_PATH } from '../page/assets.js';
import { type Gate, SESSION_SECONDS } from './gate.js';
import { comesFromOwnPage, SESSION_COOKIE, sessionOf } from './guard.js';
import type { Guesses } from './guesses.js';

interface LoginForm {
  readonly token?: string;
  readonly to?: string;
}

const open = { config: { access: 'open' as const } };
/** Tokens are no longer than a header; what is longer is not even hashed. */
const LONGEST_TOKEN = 4_096;

export const loginRoutes =
  (gate: Gate, guesses: Guesses, basePath: string): FastifyPluginAsync =>
  async (server) => {
    // Other programs behind the same proxy do not get it.
    const cookiePath = basePath === '' ? '/' : basePath;
    server.get<{ Querystring: LoginForm }>('/login', open, (request, reply) => {
      if (!gate.needsToken) return reply.redirect('/', 303);
      return sendPage(reply, 200, loginPage(pathOf(request.query.to)));
    });

    server.post<{ Body: LoginForm | null }>('/login', open, (request, reply) => {
      if (!gate.needsToken) return reply.redirect('/', 303);
      const to = pathOf(request.body?.to);
      const refuse = (status: number, sentence: string) => sendPage(reply, status, loginPage(to, sentence));
      if (!comesFromOwnPage(request)) return refuse(403, 'The form came from another site. Please use this one.');
      const waitSeconds = guesses.waitSeconds(request.ip, Date.now());
      if (waitSeconds > 0) {
        reply.header('retry-after', waitSeconds);
        return refuse(429, `Too many wrong tokens. Please wait ${waitSeconds} s.`);
      }
      const token = request.body?.token;
      if (typeof token !== 'string' || token.length > LONGEST_TOKEN || !gate.isToken(token.trim())) {
        guesses.wasWrong(request.ip, Date.now());
        return refuse(401, 'That is not the token. It is the value of ADMIN_TOKEN in the worker’s environment.');
      }
      reply.setCookie(SESSION_COOKIE, gate.openSession(Date.now()), {
        path: cookiePath,
        httpOnly: true,
        sameSite: 'strict',
        secure: request.protocol === 'https',
        maxAge: SESSION_SECONDS,
      });
      return reply.redirect(to, 303);
    });

    server.post('/logout', (request, reply) => {
      const session = sessionOf(request);
      if (session !== undefined) gate.endSession(session);
      reply.clearCookie(SESSION_COOKIE, { path: cookiePath });
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
