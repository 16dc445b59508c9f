// The frame of every page: head, navigation, message, and what refreshes it.
import type { FastifyRequest } from 'fastify';
import { type Html, html } from '../html.js';
import type { ServerParts } from '../parts.js';
import { ICON_PATH, SCRIPT_PATH, STYLE_PATH } from './assets.js';

export interface Page {
  readonly title: string;
  readonly main: Html;
  /** What came of the last click. */
  readonly message?: Html | undefined;
  /** Shows things that change: it renews itself so often. */
  readonly refreshSeconds?: number | undefined;
}

/** Without JavaScript the whole page is loaded again, which takes people out of what they read: rarely, then. */
const WITHOUT_SCRIPT_SECONDS = 30;

const LINKS = [
  ['/', 'Status'],
  ['/runs', 'Runs'],
  ['/dead-letters', 'Dead letters'],
  ['/queues', 'Queues'],
] as const;

export function layout(request: FastifyRequest, { version }: Pick<ServerParts, 'version'>, page: Page): Html {
  const here = request.url.split('?')[0] ?? '/';
  const isHere = (path: string): boolean => here === path || (path !== '/' && here.startsWith(`${path}/`));
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${page.title} · hive-sync</title>
<link rel="icon" href="${ICON_PATH}" type="image/svg+xml">
<link rel="stylesheet" href="${STYLE_PATH}">
${
  page.refreshSeconds !== undefined &&
  html`<script src="${SCRIPT_PATH}" defer></script>
<noscript><meta http-equiv="refresh" content="${WITHOUT_SCRIPT_SECONDS}"></noscript>`
}
</head>
<body>
<a class="skip" href="#main">To the content</a>
<header class="top">
<a class="brand" href="/"><svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true"><path d="M12 1.5 21 6.7v10.6L12 22.5 3 17.3V6.7z"/></svg>hive-sync</a>
<nav aria-label="Pages">${LINKS.map(
    ([path, name]) => html`<a href="${path}"${isHere(path) && html` aria-current="page"`}>${name}</a>`,
  )}</nav>
${
  request.access === 'session' &&
  html`<form method="post" action="/logout">${tokenField(request)}<button class="quiet">Log out</button></form>`
}
</header>
<main id="main"${page.refreshSeconds !== undefined && html` data-refresh-seconds="${page.refreshSeconds}"`}>
${page.message !== undefined && html`<p class="message" role="status">${page.message}</p>`}
${page.main}
</main>
<footer><p>hive-sync ${version} · times are UTC<span id="connection" role="status"></span></p></footer>
</body>
</html>
`;
}

/** What every form must carry. */
export const tokenField = (request: FastifyRequest): Html =>
  html`<input type="hidden" name="_csrf" value="${request.formToken()}">`;
