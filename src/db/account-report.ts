// The state of an account in the form that programs get it: `hive-sync status --json` and GET /api/status.
import type { PgTable } from 'drizzle-orm/pg-core';
import type { Executor } from './database.js';
import { readLosses } from './losses.js';
import { etaMs, progressOf } from './run-progress.js';
import { readBudgetStatus, readCollectionStatus, readRunStatus } from './status.js';

export interface ReportOptions {
  readonly account: string;
  readonly collections: readonly { readonly name: string; readonly pgTable: PgTable }[];
  readonly rate: { readonly limit: number | undefined; readonly windowMs: number; readonly reserve: number };
}

export type AccountReport = Awaited<ReturnType<typeof readAccountReport>>;

export async function readAccountReport(db: Executor, { account, collections, rate }: ReportOptions) {
  const [perCollection, losses, runs, budget] = await Promise.all([
    Promise.all(collections.map((collection) => readCollectionStatus(db, account, collection))),
    Promise.all(collections.map((collection) => readLosses(db, account, collection))),
    readRunStatus(db, { account }),
    readBudgetStatus(db, account, rate),
  ]);
  return {
    account,
    collections: perCollection.map((one, i) => ({
      collection: one.collection,
      rows: one.rows,
      api_count: one.apiCount,
      certified_complete_up_to: one.certifiedUpTo,
      open_dead_letters: one.openDeadLetters,
      rows_with_lost_values: losses[i]?.rows ?? 0,
      lost_columns: losses[i]?.columns ?? [],
      lost_since: losses[i]?.since ?? null,
      last_lost_at: losses[i]?.lastAt ?? null,
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
