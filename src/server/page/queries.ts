// What stands in an address: ids, numbers of pages, an account.
import { HttpError } from '../answer-errors.js';
import { type Html, html } from '../html.js';
import type { ServerParts } from '../parts.js';

/** @throws HttpError 404: there cannot be such a thing */
export function idOf(text: string, what: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new HttpError(404, `There is no ${what} "${text}".`);
  return Number(text);
}

/** Pages of a list begin with 1; nonsense is the first one. */
export const pageOf = (text: unknown): number =>
  typeof text === 'string' && /^[1-9]\d{0,6}$/.test(text) ? Number(text) : 1;

/** All accounts and each of them, where there are several. */
export function accountLinks(
  { accounts }: Pick<ServerParts, 'accounts'>,
  path: string,
  chosen?: string,
): Html | undefined {
  if (accounts.length < 2) return undefined;
  const link = (href: string, text: string, isHere: boolean) =>
    html`<a href="${href}"${isHere && html` aria-current="true"`}>${text}</a>`;
  return html`<nav class="tabs" aria-label="Accounts">${link(path, 'All accounts', !chosen)}${accounts.map(
    ({ account }) =>
      link(`${path}?account=${encodeURIComponent(account.label)}`, account.label, chosen === account.label),
  )}</nav>`;
}

/** A form or an address with these fields, each a text and none demanded. More of them do no harm. */
export const textFields = (...names: readonly string[]) => ({
  type: ['object', 'null'],
  properties: Object.fromEntries(names.map((name) => [name, { type: 'string', maxLength: 2_000 }])),
});
