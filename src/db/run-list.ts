// Runs, newest first, chosen by what people ask for.
import { and, desc, eq, lt, type SQL } from 'drizzle-orm';
import type { Executor } from './database.js';
import type { Run } from './ledger.js';
import { runs } from './machinery/ledger.js';

export const runModes = ['incremental', 'full', 'backfill', 'refresh', 'retry'] as const;
export const runStates = ['running', 'complete', 'incomplete', 'failed'] as const;

export interface RunFilter {
  readonly account?: string | undefined;
  readonly mode?: string | undefined;
  readonly state?: string | undefined;
  /** Only those with a smaller id: the next part of a list. */
  readonly before?: number | undefined;
  /** At most so many; 50 unless told. */
  readonly limit?: number | undefined;
}

export function listRuns(db: Executor, filter: RunFilter = {}): Promise<Run[]> {
  const conditions: SQL[] = [];
  if (filter.account !== undefined) conditions.push(eq(runs.account, filter.account));
  if (filter.mode !== undefined) conditions.push(eq(runs.mode, filter.mode));
  if (filter.state !== undefined) conditions.push(eq(runs.state, filter.state));
  if (filter.before !== undefined) conditions.push(lt(runs.id, filter.before));
  return db
    .select()
    .from(runs)
    .where(and(...conditions))
    .orderBy(desc(runs.id))
    .limit(filter.limit ?? 50);
}
