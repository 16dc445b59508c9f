// What the crash tests share: a sync of 60 pages as a process, and what the ledger says about it.

import { sql } from 'drizzle-orm';
import { expect } from 'vitest';
import { openDatabase } from '../../src/db/database.js';
import type { Simulator } from '../../src/simulator/index.js';
import type { Ended } from './cli.js';
import { expectTablesToEqualTruth } from './truth.js';

export const PAGES = 60;
/** SYNC_CONCURRENCY's default: the most pages that one crash can cost a second request. */
export const IN_FLIGHT = 4;
/** Orders for 60 pages, on an API that takes its time. */
export const sixtyPages = { sizes: { orders: PAGES * 20 }, rate: 'unlimited' as const, latencyMs: 15 };

export const environment = (simulator: Pick<Simulator, 'apiKey' | 'url'>, databaseUrl: string) => ({
  HIVE_API_KEY: simulator.apiKey,
  HIVE_API_URL: simulator.url,
  DATABASE_URL: databaseUrl,
  SYNC_RETRY_BASE_MS: '100',
});

export interface LedgerView {
  /** Asks the ledger something; `undefined` while the database does not answer. */
  pages(): Promise<number | undefined>;
  runs(): Promise<readonly { id: number; state: string }[]>;
  close(): Promise<void>;
}

export async function openLedgerView(url: string): Promise<LedgerView> {
  const { db, close } = await openDatabase(url, { connections: 1 });
  return {
    async pages() {
      const rows = await db.execute<{ n: number }>(sql`select count(*) as n from sync.pages`).catch(() => []);
      return rows[0]?.n;
    },
    runs: () => db.execute<{ id: number; state: string }>(sql`select id, state from sync.runs order by id`),
    close,
  };
}

/**
 * One run, certified, with every order in the tables, and hardly a page asked for twice.
 * @returns requests beyond one for each page that was entered
 */
export async function expectWholeAfter(
  crashes: number,
  { ended, simulator, url }: { ended: Ended; simulator: Simulator; url: string },
): Promise<number> {
  expect(ended, ended.stderr).toMatchObject({ code: 0 });
  expect(ended.stdout).toMatch(/every collection( that it read)? is certified/);
  await expectTablesToEqualTruth(url, simulator, ['orders']);
  const ledger = await openLedgerView(url);
  expect(await ledger.runs()).toEqual([{ id: 1, state: 'complete' }]);
  const entered = (await ledger.pages()) ?? 0;
  await ledger.close();
  // A crash is a pause: the pages around it are read again. And the head above the list is read in the end.
  expect(entered).toBeLessThanOrEqual(PAGES + HEAD + crashes * 3 * IN_FLIGHT);
  const boughtTwice = simulator.requests.length - entered;
  expect(boughtTwice).toBeLessThanOrEqual(crashes * IN_FLIGHT);
  return boughtTwice;
}

const HEAD = 1;
