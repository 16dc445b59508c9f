// The state of an account in the form that programs get it: `hive-sync status --json` and GET /api/status.
import type { PgTable } from 'drizzle-orm/pg-core';
import type { Executor } from './database.js';
import { readLosses } from './losses.js';
import { etaMs, progressOf } from './run-progress.js';
import { readRunStatus } from './run-status.js';
import { readBudgetStatus, readCollectionStatus } from './status.js';

export interface ReportOptions {
  readonly account: string;
  readonly collections: readonly { readonly name: string; readonly pgTable: PgTable }[];
  readonly rate: { readonly limit: number | undefined; readonly windowMs: number; readonly reserve: number };
}

export type AccountReport = Awaited<ReturnType<typeof readAccountReport>>;

export async function readAccountReport(db: Executor, { account, collections, rate }: ReportOptions) {
  const [perCollection, losses, runs, budget] = await Promise.all([
    readCollectionStatus(
      db,
      account,
      collections.map(({ name }) => name),
    ),
    Promise.all(collections.map((collection) => readLosses(db, account, collection))),
    readRunStatus(db, { account }),
    readBudgetStatus(db, account, rate),
  ]);
  const lossesOf = new Map(collections.map(({ name }, i) => [name, losses[i]]));
  return {
    account,
    collections: perCollection.map((one) => ({
      collection: one.collection,
      rows: one.rows,
      api_count: one.apiCount,
      api_count_at: one.apiCountAt,
      own_count: one.ownCount,
      missing: one.missing,
      certified_up_to: one.certifiedUpTo,
      new_records_up_to: one.newRecordsUpTo,
      open_records_up_to: one.openRecordsUpTo,
      last_success_at: one.lastSuccessAt,
      last_success_run: one.lastSuccessRunId,
      last_attempt_at: one.lastAttemptAt,
      last_attempt_run: one.lastAttemptRunId,
      last_attempt_state: one.lastAttemptState,
      open_dead_letters: one.openDeadLetters,
      rows_with_lost_values: lossesOf.get(one.collection)?.rows ?? 0,
      lost_columns: lossesOf.get(one.collection)?.columns ?? [],
      lost_since: lossesOf.get(one.collection)?.since ?? null,
      last_lost_at: lossesOf.get(one.collection)?.lastAt ?? null,
    })),
    runs: runs.map((run) => {
      const progress = progressOf(run);
      return {
        run: run.run,
        mode: run.mode,
        state: run.state,
        started_at: run.startedAt,
        pages_done: progress.pagesDone,
        pages_total: progress.pagesTotal,
        single_records_done: run.lookups.done,
        single_records_total: run.lookups.total,
        eta_ms: etaMs(run, budget, rate.windowMs),
      };
    }),
    budget: {
      used: budget.used,
      limit: budget.limit,
      window_ms: rate.windowMs,
      used_by_others: budget.others,
      blocked_until: budget.blockedUntil,
      halted_at: budget.haltedAt,
    },
  };
}
