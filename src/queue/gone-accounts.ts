// Accounts that were synced into this database and are configured no longer: their schedules would wake up a worker that
// knows their queue, one day, with a key that nobody meant to use.
import { sql } from 'drizzle-orm';
import { closeAll } from '../closing.js';
import type { Db } from '../db/database.js';
import type { Claims } from '../db/run-claims.js';
import type { Logger } from '../log.js';
import { openAccountQueue } from './account-queue.js';
import type { Backend } from './backend.js';
import { removeSchedule } from './schedule.js';

/** Removes their schedules, but for those that another worker still works. Their rows stay. */
export async function removeGoneSchedules(
  { backend, claims, db, log }: { backend: Backend; claims: Claims; db: Db; log: Logger },
  configured: readonly string[],
): Promise<void> {
  const known = await db.execute<{ account: string }>(sql`select account from sync.rate_budgets`);
  for (const { account } of known) {
    if (configured.includes(account) || (await claims.isWorkedElsewhere(account))) continue;
    const queue = openAccountQueue(backend, account, { pageAttempts: 1, log });
    try {
      const removed = await removeSchedule(queue.queue);
      if (removed > 0) log.info({ account, removed }, 'account is not configured any more, its schedules are removed');
    } finally {
      await closeAll(log, [{ part: `queue of account ${account}`, close: queue.close }]);
    }
  }
}
