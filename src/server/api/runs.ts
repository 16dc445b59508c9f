// /api/runs: what was read and how it ended, and a new run.
import { z } from 'zod';
import { collections } from '../../collections/index.js';
import { type Run, readRun, readWindows, type Window } from '../../db/ledger.js';
import { listRuns, runModes, runStates } from '../../db/run-list.js';
import { etaMs, progressOf } from '../../db/run-progress.js';
import { type RunStatus, readRunStatus } from '../../db/run-status.js';
import { type BudgetStatus, readBudgetStatus } from '../../db/status.js';
import { readRange } from '../../sync/runs/backfill-range.js';
import { startAsked } from '../../sync/runs/start-asked.js';
import { HttpError } from '../answer-errors.js';
import type { ServerParts } from '../parts.js';
import { type Endpoint, endpoint } from './endpoint.js';
import { accountField, collectionField, count, idField, instant, instantOrNull, limitField } from './fields.js';

const runFields = {
  run: z.number().int().describe('Its id.'),
  account: z.string(),
  mode: z.string().describe(runModes.join(', ')),
  trigger: z
    .string()
    .describe('Who started it: cli, schedule, api (this API or the status page), webhook (a record in doubt).'),
  state: z.string().describe(`${runStates.join(', ')}. incomplete = uncertified or new dead letters.`),
  reason: z.string().nullable().describe('Why it did not end complete.'),
  collections: z.array(z.string()),
  from: instantOrNull.describe('A backfill reads records created from then …'),
  to: instantOrNull.describe('… up to then.'),
  started_at: instant,
  finished_at: instantOrNull,
  pages_done: count,
  pages_total: count.nullable().describe('null until every window has told how many pages it has.'),
  single_records_done: count,
  single_records_total: count,
  inserted: count,
  updated: count,
  unchanged: count,
  dead_letters: count,
  eta_ms: count.nullable().describe('Milliseconds that are left, by the budget alone; null when it has ended.'),
};

const windowOf = z.strictObject({
  window: z.number().int().describe('Its id.'),
  collection: z.string(),
  kind: z.string().describe('whole, range, head (the newest part) or chosen (pages that hold open records)'),
  state: z.string().describe('waiting, reading, certified, done, uncertified, failed or split'),
  reason: z.string().nullable(),
  from: instantOrNull,
  to: instantOrNull,
  pass: z.number().int().describe('Counts up each time that pages are read again because the list moved.'),
  pages_read: count,
  pages_failed: count,
  page_count: count.nullable(),
  api_count: count.nullable().describe("The API's own count at the last page."),
  api_count_at: instantOrNull.describe('When the request began whose answer said api_count.'),
  distinct_ids: count
    .nullable()
    .describe('Different records that were seen; the certificate compares it with api_count.'),
  inserted: count,
  updated: count,
  unchanged: count,
  dead_letters: count,
  started_at: instantOrNull,
  as_of: instantOrNull.describe(
    'Certified: every record of it that existed then is in the table; a head says so of new records only. null = it proves nothing by itself.',
  ),
  finished_at: instantOrNull,
});

const run = z.strictObject(runFields);
const runWithWindows = z.strictObject({ ...runFields, windows: z.array(windowOf) });

const newRun = (parts: ServerParts) =>
  z.strictObject({
    mode: z
      .enum(['incremental', 'full', 'backfill'], { error: 'expected incremental, full or backfill' })
      .describe('An incremental run becomes a full one when nothing is certified yet.'),
    collections: z.array(collectionField).min(1).optional().describe('All when left out.'),
    from: z
      .string()
      .optional()
      .describe('Backfill only: first day (2026-03-31, in UTC) or instant; default: the oldest record.'),
    to: z.string().optional().describe('Backfill only: last day or instant; default: now.'),
    account: accountField(parts).optional().describe('Needed when there are several accounts.'),
  });

const RANGE_NAMES = { from: 'from', to: 'to' };

export function runEndpoints(parts: ServerParts): Endpoint[] {
  const { config, store, accounts } = parts;
  const { db } = store;

  async function describeRuns(found: readonly Run[]): Promise<z.input<typeof run>[]> {
    if (found.length === 0) return [];
    const status = new Map(
      (await readRunStatus(db, { runIds: found.map(({ id }) => id) })).map((one) => [one.run, one]),
    );
    const budgets = new Map<string, BudgetStatus>();
    for (const label of new Set(found.filter(({ state }) => state === 'running').map(({ account }) => account))) {
      budgets.set(label, await readBudgetStatus(db, label, config.rate));
    }
    return found.map((one) => toJson(one, status.get(one.id), budgets.get(one.account), config.rate.windowMs));
  }

  return [
    endpoint({
      method: 'GET',
      path: '/api/runs',
      summary: 'Runs, newest first',
      query: z.strictObject({
        account: accountField(parts).optional(),
        mode: z.enum(runModes).optional(),
        state: z.enum(runStates).optional(),
        before: idField('a run').optional().describe('Only runs with a smaller id: the next part of the list.'),
        limit: limitField(50, 500),
      }),
      answers: { 200: { description: 'Runs that fit', schema: z.strictObject({ runs: z.array(run) }) } },
      handle: async ({ query }) => ({ body: { runs: await describeRuns(await listRuns(db, query)) } }),
    }),
    endpoint({
      method: 'POST',
      path: '/api/runs',
      summary: 'Start a run',
      description:
        'It is filed and read by the workers; GET /api/runs/{run} tells how far it is. It also lifts a halt that a refused key caused. A backfill first asks the API for the oldest record of each collection.',
      body: newRun(parts),
      answers: {
        202: {
          description: 'The run is filed',
          schema: z.strictObject({
            run: z.number().int(),
            mode: z.string(),
            account: z.string(),
            notes: z.array(z.string()).describe('What is read otherwise than asked, and why.'),
          }),
        },
      },
      errors: {
        409: 'A run of that mode is still going',
        502: 'The API cannot be asked for the oldest record of a backfill',
      },
      async handle({ body, signal }) {
        const account = accountOf(parts, body.account);
        const { mode, from, to } = body;
        if (mode !== 'backfill' && (from ?? to) !== undefined) {
          throw new HttpError(422, `from, to: only a backfill has them, and mode is ${mode}`);
        }
        const chosen = collections.filter(({ name }) => body.collections?.includes(name) ?? true);
        const range = readRange({ from, to }, RANGE_NAMES);
        const notes: string[] = [];
        const started = await startAsked(
          account.context,
          mode === 'backfill'
            ? { mode, collections: chosen, range, names: RANGE_NAMES }
            : { mode, collections: chosen },
          { say: (sentence) => notes.push(sentence), signal },
        );
        if (started.mode !== mode) notes.push('Nothing is certified yet, so the run is a full one.');
        return { status: 202, body: { run: started.id, mode: started.mode, account: started.account, notes } };
      },
    }),
    endpoint({
      method: 'GET',
      path: '/api/runs/{id}',
      summary: 'One run with its windows',
      params: z.strictObject({ id: idField('a run') }),
      answers: { 200: { description: 'The run', schema: runWithWindows } },
      errors: { 404: 'There is no such run' },
      async handle({ params: { id } }) {
        const found = await readRun(db, id);
        if (found === undefined || !accounts.some(({ account }) => account.label === found.account)) {
          throw new HttpError(404, `There is no run ${id}.`);
        }
        const [described] = await describeRuns([found]);
        return { body: { ...described, windows: (await readWindows(db, id)).map(windowToJson) } };
      },
    }),
  ];
}

function accountOf({ accounts }: ServerParts, label: string | undefined): ServerParts['accounts'][number] {
  const [first, ...others] = accounts;
  const found = label === undefined ? first : accounts.find(({ account }) => account.label === label);
  if (label === undefined && others.length > 0) {
    const labels = accounts.map(({ account }) => account.label).join(', ');
    throw new HttpError(422, `account: there are several, expected one of: ${labels}`);
  }
  if (found === undefined) throw new HttpError(422, 'account: there is no such account');
  return found;
}

function toJson(
  one: Run,
  status: RunStatus | undefined,
  budget: BudgetStatus | undefined,
  windowMs: number,
): z.input<typeof run> {
  const sum = (of: 'inserted' | 'updated' | 'unchanged' | 'deadLetters') =>
    status?.windows.reduce((total, window) => total + window[of], 0) ?? 0;
  const progress = status === undefined ? undefined : progressOf(status);
  return {
    run: one.id,
    account: one.account,
    mode: one.mode,
    trigger: one.trigger,
    state: one.state,
    reason: one.reason,
    collections: one.collections,
    from: isoOf(one.from_at),
    to: isoOf(one.to_at),
    started_at: one.started_at.toISOString(),
    finished_at: isoOf(one.finished_at),
    pages_done: progress?.pagesDone ?? 0,
    pages_total: progress?.pagesTotal ?? null,
    single_records_done: status?.lookups.done ?? 0,
    single_records_total: status?.lookups.total ?? 0,
    inserted: sum('inserted'),
    updated: sum('updated'),
    unchanged: sum('unchanged'),
    dead_letters: sum('deadLetters'),
    eta_ms: status === undefined || budget === undefined ? null : etaMs(status, budget, windowMs),
  };
}

const windowToJson = (one: Window): z.input<typeof windowOf> => ({
  window: one.id,
  collection: one.collection,
  kind: one.kind,
  state: one.state,
  reason: one.reason,
  from: isoOf(one.from_at),
  to: isoOf(one.to_at),
  pass: one.pass,
  pages_read: one.pages_read,
  pages_failed: one.pages_failed,
  page_count: one.page_count,
  api_count: one.last_item_count,
  api_count_at: one.last_item_count === null ? null : isoOf(one.counted_at),
  distinct_ids: one.distinct_ids,
  inserted: one.inserted,
  updated: one.updated,
  unchanged: one.unchanged,
  dead_letters: one.dead_letters,
  started_at: isoOf(one.started_at),
  as_of: isoOf(one.as_of),
  finished_at: isoOf(one.finished_at),
});

const isoOf = (at: Date | null): string | null => at?.toISOString() ?? null;
