// What a person without a browser does with the pages: looks at one, and sends a form of it.
import type { TestServer } from './server.js';

export async function look(
  server: TestServer,
  path: string,
): Promise<{ status: number; text: string; headers: Headers }> {
  const answer = await server.ask(path, { headers: { accept: 'text/html' } });
  return { status: answer.status, text: await answer.text(), headers: answer.headers };
}

/** Takes the form's token from a page, as a browser would, and sends the fields. */
export async function submit(
  server: TestServer,
  path: string,
  fields: Readonly<Record<string, string | readonly string[]>>,
  { from = '/' } = {},
): Promise<{ status: number; location: string; text: string }> {
  const token = /name="_csrf" value="([^"]+)"/.exec((await look(server, from)).text)?.[1];
  if (token === undefined) throw new Error(`${from} has no form`);
  const body = new URLSearchParams({ _csrf: token });
  for (const [name, value] of Object.entries(fields)) for (const one of [value].flat()) body.append(name, one);
  const answer = await server.ask(path, {
    method: 'POST',
    headers: { accept: 'text/html', 'content-type': 'application/x-www-form-urlencoded' },
    body,
  });
  return { status: answer.status, location: answer.headers.get('location') ?? '', text: await answer.text() };
}

/** A page as it reads: without tags, entities and runs of spaces. */
export const textOf = (page: string): string =>
  page
    .replace(/<head>.*<\/head>/s, '')
    .replace(/<[^>]+>/g, ' ')
    .replaceAll('&#39;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
    .replace(/\s+/g, ' ');
