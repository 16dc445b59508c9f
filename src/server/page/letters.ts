// The list of dead letters, with filters and pages, and a button that tries all that match again.
import type { FastifyPluginAsync } from 'fastify';
import { collections } from '../../collections/index.js';
import { countDeadLetters, type DeadLetter, deadLetterKinds, listDeadLetters, whatOf } from '../../db/dead-letters.js';
import { readClock } from '../../db/ledger.js';
import { counted, inThousands } from '../../words.js';
import { type Html, html } from '../html.js';
import type { ServerParts } from '../parts.js';
import { tokenField } from './layout.js';
import { ago, state } from './marks.js';
import { messageOf } from './messages.js';
import { pageOf, textFields } from './queries.js';
import { sendPage } from './send-page.js';

const LETTERS_PER_PAGE = 50;

/** What stands in the address of the list. */
export interface LetterQuery {
  readonly account?: string;
  readonly collection?: string;
  readonly kind?: string;
  /** "1" = resolved ones too. */
  readonly all?: string;
  readonly page?: string;
}

export const filterOf = ({ account, collection, kind, all }: LetterQuery) => ({
  account: account || undefined,
  collection: collection || undefined,
  kind: kind || undefined,
  all: all === '1',
});

export const letterListRoutes =
  (parts: ServerParts): FastifyPluginAsync =>
  async (server) => {
    const { db } = parts.store;
    const schema = { querystring: textFields('account', 'collection', 'kind', 'all', 'page') };

    server.get<{ Querystring: LetterQuery }>('/dead-letters', { schema }, async (request, reply) => {
      const { query } = request;
      const filter = filterOf(query);
      const page = pageOf(query.page);
      const total = await countDeadLetters(db, filter);
      const offset = (page - 1) * LETTERS_PER_PAGE;
      const letters = await listDeadLetters(db, { ...filter, limit: LETTERS_PER_PAGE, offset });
      const open = filter.all ? await countDeadLetters(db, { ...filter, all: false }) : total;
      const now = await readClock(db);
      const what = filter.all ? 'dead letter' : 'open dead letter';
      return sendPage(reply, parts, {
        title: 'Dead letters',
        message: messageOf(query),
        main: html`<h1 id="letters">Dead letters</h1>
<p class="faint">What could not be taken in, kept with its errors and its payload. The rest of its run went on.</p>
${filterForm(parts, query)}
<div class="card">
<div class="between"><p class="sum"><strong>${counted(total, what)}</strong>${total > LETTERS_PER_PAGE && `, ${inThousands(offset + 1)} to ${inThousands(offset + letters.length)} shown`}</p>
${open > 0 && retryAll(query, open, tokenField(request))}</div>
${letters.length > 0 && letterTable(letters, now, parts.accounts.length > 1)}
</div>
${pager(query, page, total)}`,
      });
    });
  };

function letterTable(letters: readonly DeadLetter[], now: Date, withAccount: boolean): Html {
  return html`<table class="cards letters" aria-labelledby="letters">
<thead><tr><th scope="col">what</th>${withAccount && html`<th scope="col">account</th>`}<th scope="col">collection</th><th scope="col">errors</th><th scope="col" class="n">attempts</th><th scope="col">last seen</th><th scope="col">state</th></tr></thead>
<tbody>${letters.map(
    (letter) => html`<tr id="letter-${letter.id}">
<th scope="row"><a href="/dead-letters/${letter.id}">${whatOf(letter)}</a></th>
${withAccount && html`<td data-label="account">${letter.account}</td>`}
<td data-label="collection">${letter.collection} <span class="faint">${letter.kind}</span></td>
<td data-label="errors" class="errors">${letter.errors.length === 0 ? letter.error_code : letter.errors.join('; ')}</td>
<td class="n" data-label="attempts">${letter.attempts}</td>
<td data-label="last seen">${ago(letter.last_seen_at, now)}</td>
<td data-label="state">${letterState(letter)}</td>
</tr>`,
  )}</tbody></table>`;
}

export const letterState = ({ resolved_at, resolution }: Pick<DeadLetter, 'resolved_at' | 'resolution'>): Html =>
  resolved_at === null
    ? state('bad', 'open')
    : state(resolution === 'discarded' ? 'calm' : 'good', resolution ?? 'resolved');

function filterForm({ accounts }: ServerParts, query: LetterQuery): Html {
  const choice = (
    name: keyof LetterQuery,
    label: string,
    any: string,
    values: readonly string[],
  ): Html => html`<label>${label}
<select name="${name}"><option value="">${any}</option>${values.map(
    (value) => html`<option${query[name] === value && html` selected`}>${value}</option>`,
  )}</select></label>`;
  return html`<form class="filters" method="get" action="/dead-letters" role="search" aria-label="Dead letters">
${
  accounts.length > 1 &&
  choice(
    'account',
    'Account',
    'all',
    accounts.map(({ account }) => account.label),
  )
}
${choice(
  'collection',
  'Collection',
  'all',
  collections.map(({ name }) => name),
)}
${choice('kind', 'Kind', 'all', deadLetterKinds)}
<label class="choice"><input type="checkbox" name="all" value="1"${query.all === '1' && html` checked`}><span>resolved ones too</span></label>
<button>Filter</button>
</form>`;
}

/** The filter travels with the form: what is shown is what is tried again. */
function retryAll({ account, collection, kind }: LetterQuery, open: number, token: Html): Html {
  const hidden = Object.entries({ account, collection, kind }).map(
    ([name, value]) => value && html`<input type="hidden" name="${name}" value="${value}">`,
  );
  return html`<form method="post" action="/dead-letters/retry">${token}${hidden}<button>Retry ${open === 1 ? 'it' : `all ${inThousands(open)}`}</button></form>`;
}

function pager(query: LetterQuery, page: number, total: number): Html | undefined {
  const pages = Math.ceil(total / LETTERS_PER_PAGE);
  if (pages < 2 && page === 1) return undefined;
  const link = (to: number, text: string): Html => {
    const { page: _, ...rest } = query;
    const fields = Object.entries({ ...rest, said: '', run: '', n: '' }).filter(([, value]) => value) as [
      string,
      string,
    ][];
    const params = new URLSearchParams([...fields, ['page', String(to)]]);
    return html`<a class="button" href="/dead-letters?${params.toString()}">${text}</a>`;
  };
  return html`<nav class="pager" aria-label="Parts of the list">${page > 1 && link(page - 1, 'Newer')}<span>${page} of ${Math.max(pages, 1)}</span>${page < pages && link(page + 1, 'Older')}</nav>`;
}
