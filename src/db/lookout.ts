// Which accounts have work on file: runs that are going, webhooks that are not dealt with. One statement for all
// accounts of a process, so that accounts without work cost nothing.
import { sql } from 'drizzle-orm';
import type { Db } from './database.js';

export interface Lookout {
  hasWork(account: string): Promise<boolean>;
}

/** An answer holds for so long. */
const FRESH_MS = 500;

/** @param accounts labels, which hold no comma */
export function openLookout(db: Db, accounts: readonly string[]): Lookout {
  let last: { readonly at: number; readonly found: Promise<ReadonlySet<string>> } | undefined;
  return {
    async hasWork(account) {
      if (last === undefined || performance.now() - last.at > FRESH_MS) {
        last = { at: performance.now(), found: accountsWithWork(db, accounts) };
      }
      return (await last.found).has(account);
    },
  };
}

async function accountsWithWork(db: Db, accounts: readonly string[]): Promise<ReadonlySet<string>> {
  const rows = await db.execute<{ account: string }>(sql`
    select account from unnest(string_to_array(${accounts.join()}, ',')) as one (account)
    where exists (select from sync.runs r where r.account = one.account and r.state = 'running')
      or exists (select from sync.webhook_deliveries d where d.account = one.account and d.processed_at is null)`);
  return new Set(rows.map(({ account }) => account));
}
