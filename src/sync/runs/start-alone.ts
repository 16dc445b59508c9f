// Runs of one mode never overlap, whoever starts them: the schedule, a button, a program, a command, two of them at once.
import { sql } from 'drizzle-orm';
import type { Executor } from '../../db/database.js';
import { type Run, runningRuns } from '../../db/ledger.js';
import { RunGoingError } from '../../errors.js';
import { ownName } from '../../schema-names.js';
import type { SyncContext } from '../context.js';
import { startFiled } from './start-filed.js';

/** @throws RunGoingError while a run of this mode is going */
export async function refuseSecond(db: Executor, account: string, mode: string): Promise<void> {
  const going = (await runningRuns(db, account)).find((run) => run.mode === mode);
  if (going !== undefined) throw new RunGoingError(account, mode, going.id);
}

/** Until the transaction ends nobody else looks which runs are going in order to start one. */
export async function beTheOnlyStarter(tx: Executor, account: string): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${ownName(`hive-sync start ${account}`)}, 0))`);
}

/** Starts a run unless one of its mode is going. @throws RunGoingError, and what `file` throws */
export const startAlone = (context: SyncContext, mode: string, file: (tx: Executor) => Promise<Run>): Promise<Run> =>
  startFiled(context, async (tx) => {
    await beTheOnlyStarter(tx, context.account);
    await refuseSecond(tx, context.account, mode);
    return file(tx);
  });
