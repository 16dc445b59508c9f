// hive-sync dead-letters retry: fetches records and pages again that could not be taken in.
import type { App } from '../app.js';
import { collections } from '../collections/index.js';
import { type Account, type Config, readConfig } from '../config.js';
import type { Db } from '../db/database.js';
import { type DeadLetter, listDeadLetters } from '../db/dead-letters.js';
import type { RunStatus } from '../db/run-status.js';
import { UsageError } from '../errors.js';
import type { Planned } from '../sync/letters/retry-letters.js';
import { planLetters } from '../sync/letters/retry-letters.js';
import { needsRequests, retryStored, startRetry } from '../sync/letters/start-retry.js';
import { type ChoiceOptions, readChoice, readLetterIds, readLetters } from './dead-letters.js';
import { type Followed, workThrough } from './follow-runs.js';
import { openForegroundApp } from './foreground-app.js';
import { type Io, note } from './io.js';
import { printPlan, printRetried } from './retry-report.js';
import { withStore } from './with-store.js';

export interface RetryOptions extends ChoiceOptions {
  readonly all: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
}

export async function retryCommand(io: Io, texts: readonly string[], options: RetryOptions): Promise<number> {
  const choose = readSelection(texts, options);
  if (options.dryRun) {
    const { accounts } = readConfig(io.env, { needsKey: false });
    return withStore(io, async ({ db }) => {
      printPlan(io, accounts, await planAll(db, accounts, await choose(db)), options);
      return 0;
    });
  }
  const config = readConfig(io.env);
  const app = await openForegroundApp(io, config);
  try {
    const planned = await planAll(app.store.db, config.accounts, await choose(app.store.db));
    return await retry(io, app, config, planned, options);
  } finally {
    await app.close();
  }
}

function readSelection(texts: readonly string[], options: RetryOptions): (db: Db) => Promise<DeadLetter[]> {
  const ids = readLetterIds(texts);
  const filter = readChoice(options);
  const isFiltered = Object.values(filter).some((value) => value !== undefined);
  if (ids.length === 0 && !options.all && !isFiltered) {
    throw new UsageError(
      'Which dead letters? Name them by id, choose with --collection, --kind or --account, or take --all.',
    );
  }
  if (ids.length > 0 && (options.all || isFiltered)) {
    throw new UsageError('Expected either ids of dead letters or a choice of them (--all, --collection, …), not both.');
  }
  return async (db) =>
    ids.length > 0
      ? readLetters({ db }, ids)
      : (await listDeadLetters(db, { ...filter, limit: null })).sort((a, b) => a.id - b.id);
}

const planAll = (db: Db, accounts: readonly Account[], letters: readonly DeadLetter[]): Promise<Planned[]> =>
  planLetters(
    db,
    collections,
    accounts.map(({ label }) => label),
    letters,
  );

async function retry(
  io: Io,
  app: App,
  config: Config,
  planned: readonly Planned[],
  { json }: { json: boolean },
): Promise<number> {
  const { db } = app.store;
  const because = await retryStored(db, collections, planned);
  const followed = await startRuns(app, planned);
  const runs: RunStatus[] | undefined = followed.length === 0 ? [] : await workThrough(io, app, config, followed);
  const runIds = followed.map(({ runId }) => runId);
  const open = await printRetried(io, db, planned, because, runIds, json);
  if (runs === undefined) {
    note(io, '\nInterrupted. The rest is on file: a worker or the next sync goes on with it.');
    return 130;
  }
  for (const { reason } of runs.filter(({ state }) => state === 'failed')) note(io, reason ?? 'the run failed');
  if (runs.some(({ state }) => state === 'failed')) return 1;
  return open === 0 && runs.every(({ state }) => state === 'complete') ? 0 : 3;
}

/** One run per account that has something to ask its API for. */
async function startRuns(app: App, planned: readonly Planned[]): Promise<Followed[]> {
  const followed: Followed[] = [];
  for (const account of app.accounts) {
    const own = planned.filter(({ letter }) => letter.account === account.account.label);
    if (!own.some(needsRequests)) continue;
    const run = await startRetry(account.context, own, 'cli');
    if (run !== undefined) followed.push({ account, runId: run.id });
  }
  return followed;
}
