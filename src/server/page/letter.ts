// One dead letter whole, and what can be done about it. Only here are payloads shown: folded, and never kept by a
// browser (every page is sent with no-store).
import type { FastifyPluginAsync, FastifyReply } from 'fastify';
import { collections } from '../../collections/index.js';
import { type DeadLetter, listDeadLetters, readDeadLetter, whatOf } from '../../db/dead-letters.js';
import { readClock } from '../../db/ledger.js';
import { discardLetters } from '../../db/letter-ends.js';
import { planLetters } from '../../sync/letters/retry-letters.js';
import { needsRequests, retryStored, startRetry } from '../../sync/letters/start-retry.js';
import { HttpError } from '../answer-errors.js';
import { type Html, html } from '../html.js';
import type { ServerParts } from '../parts.js';
import { tokenField } from './layout.js';
import { filterOf, type LetterQuery, letterState } from './letters.js';
import { ago, instant } from './marks.js';
import { messageOf, withMessage } from './messages.js';
import { idOf, textFields } from './queries.js';
import { sendPage } from './send-page.js';

const REFRESH_SECONDS = 3;

type WithId = { Params: { id: string } };

export const letterRoutes =
  (parts: ServerParts): FastifyPluginAsync =>
  async (server) => {
    const { db } = parts.store;
    const labels = parts.accounts.map(({ account }) => account.label);

    server.get<WithId>('/dead-letters/:id', async (request, reply) =>
      sendLetter(reply, await letterOf(request.params.id)),
    );

    server.post<WithId>('/dead-letters/:id/retry', async (request, reply) => {
      const letter = await letterOf(request.params.id);
      const path = `/dead-letters/${letter.id}`;
      if (letter.resolved_at !== null) return reply.redirect(withMessage(path, 'resolved-before'), 303);
      const { runs, because } = await retry([letter]);
      const problem = because.get(letter.id);
      if (problem !== undefined)
        return sendLetter(reply, letter, { problem: `It stays open: ${problem}.`, status: 409 });
      return reply.redirect(withMessage(path, runs.length > 0 ? 'retrying' : 'resolved', { run: runs[0] }), 303);
    });

    server.post<{ Body: LetterQuery | null }>(
      '/dead-letters/retry',
      { schema: { body: textFields('_csrf', 'account', 'collection', 'kind') } },
      async (request, reply) => {
        const filter = { ...filterOf(request.body ?? {}), all: false };
        const letters = await listDeadLetters(db, { ...filter, limit: null });
        const { runs, asked } = await retry(letters.sort((a, b) => a.id - b.id));
        const [run] = runs;
        if (run === undefined) return reply.redirect(withMessage('/dead-letters', 'left'), 303);
        return reply.redirect(
          withMessage(runs.length === 1 ? `/runs/${run}` : '/runs', 'retrying', { run, n: asked }),
          303,
        );
      },
    );

    server.post<WithId & { Body: { reason?: string } | null }>(
      '/dead-letters/:id/discard',
      { schema: { body: textFields('_csrf', 'reason') } },
      async (request, reply) => {
        const letter = await letterOf(request.params.id);
        const reason = request.body?.reason?.trim() ?? '';
        if (reason === '') {
          return sendLetter(reply, letter, {
            problem: 'Say why it can be let be, for whoever finds it later.',
            status: 422,
          });
        }
        const discarded = await discardLetters(db, [letter.id], reason);
        parts.log.info(
          { letter: letter.id, discarded: discarded.length > 0 },
          'a dead letter was discarded on the page',
        );
        return reply.redirect(
          withMessage(`/dead-letters/${letter.id}`, discarded.length > 0 ? 'discarded' : 'resolved-before'),
          303,
        );
      },
    );

    async function letterOf(text: string): Promise<DeadLetter> {
      const id = idOf(text, 'dead letter');
      const letter = await readDeadLetter(db, id);
      if (letter === undefined) throw new HttpError(404, `There is no dead letter ${id}.`);
      return letter;
    }

    /** @returns one run per account that is asked, and why letters stay open that need no request */
    async function retry(letters: readonly DeadLetter[]) {
      const planned = await planLetters(db, collections, labels, letters);
      const because = await retryStored(db, collections, planned);
      const runs: number[] = [];
      for (const { context } of parts.accounts) {
        const own = planned.filter((one) => one.letter.account === context.account && needsRequests(one));
        if (own.length === 0) continue;
        const run = await startRetry(context, own, 'api');
        if (run !== undefined) runs.push(run.id);
      }
      parts.log.info({ letters: letters.length, runs }, 'dead letters are tried again, as asked for on the page');
      return { runs, because, asked: planned.filter(needsRequests).length };
    }

    async function sendLetter(
      reply: FastifyReply,
      letter: DeadLetter,
      { problem, status = 200 }: { problem?: string; status?: number } = {},
    ): Promise<FastifyReply> {
      const isOpen = letter.resolved_at === null;
      const now = await readClock(db);
      return sendPage(
        reply,
        parts,
        {
          title: `Dead letter ${letter.id}`,
          message: problem === undefined ? messageOf(reply.request.query) : undefined,
          // A retry may resolve it at any moment. What is being typed as a reason stays.
          refreshSeconds: isOpen && status === 200 ? REFRESH_SECONDS : undefined,
          main: html`<h1>Dead letter ${letter.id} <span class="faint">${letter.collection}, ${whatOf(letter)}</span></h1>
<p class="headline">${letterState(letter)}</p>
${problem !== undefined && html`<p class="notice bad" role="alert">${problem}</p>`}
<div class="card"><h2>Errors</h2>
${letter.errors.length === 0 ? html`<p class="faint">The answer had none.</p>` : html`<ul class="errors">${letter.errors.map((error) => html`<li>${error}</li>`)}</ul>`}
${facts(letter, now)}
</div>
${payload(letter)}
${isOpen && actions(letter, tokenField(reply.request))}`,
        },
        status,
      );
    }
  };

function facts(letter: DeadLetter, now: Date): Html {
  const rows: [string, Html | string | number | null][] = [
    ['account', letter.account],
    ['collection', letter.collection],
    ['kind', letter.kind],
    ['record', letter.record_id],
    ['run', letter.run_id === null ? null : html`<a href="/runs/${letter.run_id}">${letter.run_id}</a>`],
    ['page', letter.page],
    ['url', letter.url === null ? null : html`<code>${letter.url}</code>`],
    ['status', letter.http_status],
    ['code', letter.error_code === null ? null : html`<code>${letter.error_code}</code>`],
    ['attempts', letter.attempts],
    ['first seen', html`${instant(letter.first_seen_at)} <span class="faint">${ago(letter.first_seen_at, now)}</span>`],
    ['last seen', html`${instant(letter.last_seen_at)} <span class="faint">${ago(letter.last_seen_at, now)}</span>`],
    ['resolved', letter.resolved_at === null ? null : html`${instant(letter.resolved_at)} (${letter.resolution})`],
    ['because', letter.resolution_reason],
  ];
  return html`<dl class="facts">${rows.map(([name, value]) => value !== null && html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}

const payload = ({ payload }: DeadLetter): Html | false =>
  payload !== null &&
  html`<details class="card" id="payload"><summary>Payload <span class="faint">as received; it may hold personal data</span></summary>
<pre tabindex="0">${JSON.stringify(payload, null, 2)}</pre></details>`;

const actions = (letter: DeadLetter, token: Html): Html => html`<div class="columns even">
<form class="card form" method="post" action="/dead-letters/${letter.id}/retry">${token}
<h2>Retry</h2>
<p class="faint">${letter.record_id !== null ? 'Asks the API for the record again.' : letter.kind === 'request' ? 'Asks the API for the page again.' : 'Reads the stored payload again, with this release.'} A good answer resolves it.</p>
<div><button class="main">Retry</button></div></form>
<form class="card form" method="post" action="/dead-letters/${letter.id}/discard">${token}
<h2>Discard</h2>
<label>Why it can be let be <input name="reason" required maxlength="500" autocomplete="off"></label>
<div><button>Discard</button></div></form>
</div>`;
