// Runs of one mode never overlap, whoever starts them: the schedule, a button, a program, two of them at once.
import { sql } from 'drizzle-orm';
import { runningRuns } from '../../db/ledger.js';
import { RunGoingError } from '../../errors.js';
import type { SyncContext } from '../context.js';

type Account = Pick<SyncContext, 'db' | 'account'>;

/** @throws RunGoingError while a run of this mode is going */
export async function refuseSecond({ db, account }: Account, mode: string): Promise<void> {
  const going = (await runningRuns(db, account)).find((run) => run.mode === mode);
  if (going !== undefined) throw new RunGoingError(account, mode, going.id);
}

/** Starts a run while nobody else can start one of its mode. @throws RunGoingError, and what `start` throws */
export function startAlone<T>(context: Account, mode: string, start: () => Promise<T>): Promise<T> {
  const { db, account } = context;
  return db.transaction(async (tx) => {
    // Not waited for: each waiter would keep a connection that the first one needs.
    const [lock] = await tx.execute<{ ours: boolean }>(sql`
      select pg_try_advisory_xact_lock(hashtextextended(${`hive-sync start ${account} ${mode}`}, 0)) as ours`);
    if (lock?.ours !== true) throw new RunGoingError(account, mode, undefined);
    await refuseSecond(context, mode);
    return start();
  });
}
