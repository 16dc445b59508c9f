// Starting a run by hand: the buttons of the status page, and a form for the parts of the past.
import type { FastifyPluginAsync, FastifyReply } from 'fastify';
import { collections } from '../../collections/index.js';
import type { Run } from '../../db/ledger.js';
import { describe, RunGoingError, UsageError } from '../../errors.js';
import type { Collection } from '../../sync/collection.js';
import { readRange } from '../../sync/runs/backfill-range.js';
import { type AskedRun, startAsked } from '../../sync/runs/start-asked.js';
import { statusOf } from '../answer-errors.js';
import { type Html, html } from '../html.js';
import type { ServerAccount, ServerParts } from '../parts.js';
import { tokenField } from './layout.js';
import { withMessage } from './messages.js';
import { textFields } from './queries.js';
import { sendPage } from './send-page.js';

interface StartForm {
  readonly account?: string;
  readonly mode?: string;
  readonly collections?: readonly string[];
  readonly from?: string;
  readonly to?: string;
}

const MODES = [
  ['incremental', 'Incremental', 'What is new, and what may have changed.'],
  ['full', 'Full', 'Everything from end to end; certifies it, and finds deletions.'],
  ['backfill', 'Backfill', 'A part of the past again, by months, behind all scheduled work.'],
] as const;

const TEXTS = textFields('_csrf', 'account', 'mode', 'from', 'to');
const FIELDS = {
  ...TEXTS,
  properties: { ...TEXTS.properties, collections: { type: 'array', items: { type: 'string' }, maxItems: 100 } },
};
/** As the fields are called on the form. */
const NAMES = { from: 'First day', to: 'Last day' };
/** To find the oldest records a backfill asks the API, which may have to wait for the budget. People wait less long. */
const ASKING_MS = 20_000;

export const startRunRoutes =
  (parts: ServerParts): FastifyPluginAsync =>
  async (server) => {
    server.get<{ Querystring: StartForm }>('/runs/new', { schema: { querystring: FIELDS } }, (request, reply) =>
      sendForm(reply, { mode: 'backfill', ...request.query }),
    );

    server.post<{ Body: StartForm | null }>('/runs', { schema: { body: FIELDS } }, async (request, reply) => {
      const form = request.body ?? {};
      try {
        const run = await start(form);
        return reply.redirect(withMessage(`/runs/${run.id}`, 'started', { run: run.id }), 303);
      } catch (error) {
        if (error instanceof RunGoingError) return reply.redirect(withMessage('/', 'going', { run: error.runId }), 303);
        const status = statusOf(error);
        if (status === undefined) throw error;
        return sendForm(reply, form, { problem: describe(error), status });
      }
    });

    async function start(form: StartForm): Promise<Run> {
      const { account, context } = accountOf(form.account);
      const asked = askedOf(form);
      const signal = AbortSignal.timeout(ASKING_MS);
      try {
        return await startAsked(context, asked, { signal });
      } catch (error) {
        if (!signal.aborted) throw error;
        throw new UsageError(
          `The API could not be asked for the oldest records of account "${account.label}" in time: its budget is used up. Try again in a minute.`,
          { cause: error },
        );
      }
    }

    function accountOf(label: string | undefined): ServerAccount {
      const only = parts.accounts.length === 1 && !label ? parts.accounts[0] : undefined;
      const account = only ?? parts.accounts.find((one) => one.account.label === label);
      if (account === undefined) throw new UsageError(`There is no account "${label ?? ''}". Choose one of the list.`);
      return account;
    }

    const sendForm = (
      reply: FastifyReply,
      form: StartForm,
      { problem, status = 200 }: { problem?: string; status?: number } = {},
    ): FastifyReply =>
      sendPage(
        reply,
        parts,
        {
          title: 'Start a run',
          main: html`<h1>Start a run</h1>
${problem !== undefined && html`<p class="notice bad" role="alert">${problem}</p>`}
<form class="card form" method="post" action="/runs">${tokenField(reply.request)}
${accountField(parts, form)}
${modeField(form)}
${collectionField(form)}
<fieldset class="pair"><legend>Dates, for a backfill</legend>
<label>First day <input name="from" value="${form.from}" placeholder="2026-03-01" autocomplete="off" aria-describedby="dates"></label>
<label>Last day <input name="to" value="${form.to}" placeholder="2026-03-31" autocomplete="off" aria-describedby="dates"></label>
<p class="faint" id="dates">Days in UTC, by the day when a record was created. Left empty: from the oldest record, up to now. Lists that the API cannot filter by date are read whole.</p>
</fieldset>
<div class="actions"><button class="main">Start the run</button><a class="button" href="/">Cancel</a></div>
</form>`,
        },
        status,
      );
  };

/** @throws UsageError in one sentence */
function askedOf({ mode, collections: names, from, to }: StartForm): AskedRun {
  const chosen = collectionsOf(names);
  if (mode === 'incremental' || mode === 'full') return { mode, collections: chosen };
  if (mode !== 'backfill') throw new UsageError('Choose what to read: incremental, full or backfill.');
  const range = readRange({ from: from?.trim() || undefined, to: to?.trim() || undefined }, NAMES);
  return { mode, collections: chosen, range, names: NAMES };
}

/** None = all of them. @throws UsageError */
function collectionsOf(names: readonly string[] = []): readonly Collection[] {
  const unknown = names.filter((name) => !collections.some((one) => one.name === name));
  if (unknown.length > 0) throw new UsageError(`There is no collection "${unknown.join('", "')}".`);
  return names.length === 0 ? collections : collections.filter(({ name }) => names.includes(name));
}

function accountField({ accounts }: ServerParts, { account: chosen }: StartForm): Html {
  const [first] = accounts;
  if (accounts.length === 1) return html`<input type="hidden" name="account" value="${first?.account.label}">`;
  return html`<label>Account <select name="account">${accounts.map(
    ({ account: { label } }) => html`<option${label === chosen && html` selected`}>${label}</option>`,
  )}</select></label>`;
}

const modeField = ({ mode }: StartForm): Html => html`<fieldset><legend>What to read</legend>
${MODES.map(
  ([value, name, hint]) =>
    html`<label class="choice"><input type="radio" name="mode" value="${value}"${mode === value && html` checked`}><span><strong>${name}</strong> <span class="faint">${hint}</span></span></label>`,
)}</fieldset>`;

function collectionField({ collections: chosen = [] }: StartForm): Html {
  return html`<fieldset><legend>Collections <span class="faint">(none chosen = all)</span></legend><div class="choices">
${collections.map(
  ({ name }) =>
    html`<label class="choice"><input type="checkbox" name="collections" value="${name}"${chosen.includes(name) && html` checked`}><span>${name}</span></label>`,
)}</div></fieldset>`;
}
