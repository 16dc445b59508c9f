// The list of runs, and one run with its windows.
import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import { type Run, readClock, readRun, readWindows, type Window } from '../../db/ledger.js';
import { countLookups } from '../../db/lookups.js';
import { listRuns } from '../../db/run-list.js';
import { etaMs } from '../../db/run-progress.js';
import { readRunStatus } from '../../db/run-status.js';
import { readBudgetStatus } from '../../db/status.js';
import { counted, inThousands, inUtc } from '../../words.js';
import { HttpError } from '../answer-errors.js';
import { type Html, html } from '../html.js';
import type { ServerParts } from '../parts.js';
import { certificateInWords, partInWords } from './certificate-words.js';
import { instant, runProgress, runState, state, type Tone, took } from './marks.js';
import { messageOf } from './messages.js';
import { accountLinks, idOf, textFields } from './queries.js';
import { BY, runTable } from './run-table.js';
import { sendPage } from './send-page.js';

const RUNS_PER_PAGE = 50;
const BUSY_SECONDS = 2;

export const runRoutes =
  (parts: ServerParts): FastifyPluginAsync =>
  async (server) => {
    const { db } = parts.store;

    server.get<{ Querystring: { account?: string; before?: string } }>(
      '/runs',
      { schema: { querystring: textFields('account', 'before') } },
      async (request, reply) => {
        const { account, before } = request.query;
        const runs = await listRuns(db, {
          account: account || undefined,
          before: before === undefined ? undefined : idOf(before, 'run'),
          limit: RUNS_PER_PAGE,
        });
        return sendPage(reply, parts, { title: 'Runs', main: await listPage(request, runs) });
      },
    );

    server.get<{ Params: { id: string } }>('/runs/:id', async (request, reply) => {
      const id = idOf(request.params.id, 'run');
      const run = await readRun(db, id);
      if (run === undefined) throw new HttpError(404, `There is no run ${id}.`);
      return sendPage(reply, parts, {
        title: `Run ${id}`,
        message: messageOf(request.query),
        refreshSeconds: run.state === 'running' ? BUSY_SECONDS : undefined,
        main: await runPage(run),
      });
    });

    async function listPage(request: FastifyRequest<{ Querystring: { account?: string } }>, runs: readonly Run[]) {
      const { account } = request.query;
      const now = await readClock(db);
      const oldest = runs.at(-1)?.id;
      const query = new URLSearchParams({ ...(account ? { account } : {}), before: String(oldest) });
      return html`<h1 id="runs">Runs</h1>
${accountLinks(parts, '/runs', account)}
<div class="card">
${runs.length === 0 ? html`<p class="faint">None.</p>` : runTable(runs, now, 'runs', { withAccount: parts.accounts.length > 1 })}
</div>
${runs.length === RUNS_PER_PAGE && html`<p class="pager"><a class="button" href="/runs?${query.toString()}">Older runs</a></p>`}`;
    }

    async function runPage(run: Run): Promise<Html> {
      const now = await readClock(db);
      const windows = await readWindows(db, run.id);
      const lookups = await countLookups(db, run.id);
      const [status] = await readRunStatus(db, { runIds: [run.id] });
      const budget = await readBudgetStatus(db, run.account, parts.config.rate);
      const eta = status === undefined ? null : etaMs(status, budget, parts.config.rate.windowMs);
      return html`<h1>Run ${run.id} <span class="faint">${run.mode}</span></h1>
<p class="headline">${runState(run)}</p>
${run.reason !== null && html`<div class="notice ${run.state === 'failed' ? 'bad' : 'warn'}"><p>${run.reason}.</p></div>`}
${run.state === 'running' && status !== undefined && html`<article class="card running" data-running><h2 class="unseen">Progress</h2>${runProgress(status, eta)}</article>`}
<div class="card"><dl class="facts">
<dt>account</dt><dd>${run.account}</dd>
<dt>started</dt><dd>${instant(run.started_at)} ${BY[run.trigger] ?? run.trigger}</dd>
<dt>${run.finished_at === null ? 'running for' : 'took'}</dt><dd>${took(run, now)}</dd>
${run.from_at !== null && run.to_at !== null && html`<dt>range</dt><dd>${inUtc(run.from_at)} to ${inUtc(run.to_at)}</dd>`}
<dt>collections</dt><dd>${run.collections.join(', ')}</dd>
</dl></div>
${windows.length > 0 && windowsCard(windows)}
${Object.keys(lookups).length > 0 && lookupsCard(lookups)}`;
    }
  };

const WINDOW_TONES: Readonly<Record<string, Tone>> = {
  waiting: 'calm',
  reading: 'busy',
  certified: 'good',
  done: 'good',
  split: 'calm',
  uncertified: 'warn',
  failed: 'bad',
};

const windowsCard = (windows: readonly Window[]): Html => html`<div class="card">
<h2 id="windows">Windows</h2>
<p class="faint">Each is a part of a collection that is read page by page. Its certificate is the proof that it was read completely.</p>
<table class="cards windows" aria-labelledby="windows">
<thead><tr><th scope="col">collection</th><th scope="col">part</th><th scope="col">certificate</th><th scope="col" class="n">pages</th><th scope="col" class="n">new</th><th scope="col" class="n">changed</th><th scope="col" class="n">same</th><th scope="col" class="n">letters</th></tr></thead>
<tbody>${windows.map(
  (window) => html`<tr id="window-${window.id}">
<th scope="row">${window.collection}</th>
<td data-label="part">${partInWords(window)}</td>
<td data-label="certificate">${state(WINDOW_TONES[window.state] ?? 'calm', window.state)}<div class="reason">${certificateInWords(window)}</div></td>
<td class="n" data-label="pages">${inThousands(window.pages_read + window.pages_failed)}</td>
<td class="n" data-label="new">${inThousands(window.inserted)}</td>
<td class="n" data-label="changed">${inThousands(window.updated)}</td>
<td class="n" data-label="same">${inThousands(window.unchanged)}</td>
<td class="n" data-label="letters">${inThousands(window.dead_letters)}</td>
</tr>`,
)}</tbody></table>
</div>`;

/** What a lookup's outcome means. */
const OUTCOMES: Readonly<Record<string, string>> = {
  written: 'were new or had changed',
  unchanged: 'were as they are stored',
  gone: 'are gone: the API does not find them any more',
  unconfirmed: 'could not be confirmed as gone',
  failed: 'could not be read, see dead letters',
  waiting: 'wait for their turn',
};

const lookupsCard = (lookups: Readonly<Record<string, number>>): Html => html`<div class="card">
<h2>Single records</h2>
<ul>${Object.entries(lookups).map(([outcome, n]) => html`<li>${counted(n, 'record')}: ${OUTCOMES[outcome] ?? outcome}</li>`)}</ul>
</div>`;
