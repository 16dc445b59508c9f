// Watches from outside how a worker's runs end, whatever becomes of the worker's own connections.
import { sql } from 'drizzle-orm';
import { openDatabase } from '../../src/db/database.js';
import { until } from './until.js';

export interface CompleteRuns {
  count(): Promise<number>;
  until(n: number): Promise<unknown>;
  close(): Promise<void>;
}

export async function watchCompleteRuns(databaseUrl: string): Promise<CompleteRuns> {
  const { db, close } = await openDatabase(databaseUrl, { connections: 1 });
  const count = async () => {
    const [row] = await db.execute<{ n: number }>(
      sql`select count(*)::int as n from sync.runs where state = 'complete'`,
    );
    return row?.n ?? 0;
  };
  return { count, until: (n) => until(`${n} runs`, async () => (await count()) >= n), close };
}
