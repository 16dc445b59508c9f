// hive-sync demo: the whole product in a minute, with no account and no server.
import { sql } from 'drizzle-orm';
import { openApp } from '../app.js';
import { collections } from '../collections/index.js';
import { readConfig } from '../config.js';
import type { Db } from '../db/database.js';
import { openEmbeddedPostgres } from '../db/embedded/index.js';
import { openLog } from '../log.js';
import { openSimulator } from '../simulator/index.js';
import { unlessLost } from '../store.js';
import { inThousands } from '../words.js';
import { carryOut } from './carry-out.js';
import { demoQueries } from './demo-queries.js';
import { styled, tableOf } from './format.js';
import { foregroundLevel, type Io, note, print } from './io.js';

/** A database of its own beside the real one, in the same embedded server. */
export const DEMO_DATABASE = 'hive_sync_demo';
/** Like the real budget of 100 a minute, but nobody wants to wait for that in a demo. */
const DEMO_RATE = { limit: 100, windowMs: 10_000 };
/** About what an API on the internet takes. */
const DEMO_LATENCY_MS = [20, 80] as const;

export async function demoCommand(io: Io): Promise<number> {
  const { home } = readConfig({ HIVE_SYNC_HOME: io.env.HIVE_SYNC_HOME }, { needsKey: false });
  const startedAt = performance.now();
  note(io, `Starting PostgreSQL in ${home} and a simulated Hive API …`);
  const server = await openEmbeddedPostgres({ home, database: DEMO_DATABASE, log: (line) => note(io, line) });
  const simulator = await openSimulator({ rate: DEMO_RATE, latencyMs: DEMO_LATENCY_MS });
  try {
    const config = readConfig({
      HIVE_API_KEY: simulator.apiKey,
      HIVE_API_URL: simulator.url,
      HIVE_ACCOUNT: 'demo',
      HIVE_RATE_WINDOW_MS: String(DEMO_RATE.windowMs),
      DATABASE_URL: server.url,
    });
    const app = await openApp(config, {
      log: openLog(foregroundLevel(io.env), io.stderr),
      version: io.version,
      signal: io.signal,
      waiting: (sentence) => note(io, sentence),
    });
    try {
      const [account] = app.accounts;
      if (account === undefined) throw new Error('the demo has an account');
      const wish = { account, collections, options: { mode: 'full', trigger: 'cli' } } as const;
      const code = await unlessLost(server, carryOut(io, app, config, [wish], { follow: true, startedAt }));
      if (code === 130) return code;
      if (code !== 1) await printAnswers(io, app.store.db, server.psql);
      return code;
    } finally {
      await app.close();
    }
  } finally {
    await simulator.close();
    await server.close();
  }
}

async function printAnswers(io: Io, db: Db, psql: string): Promise<void> {
  print(io, `\n${styled(io.stdout, 'bold', 'What arrived')}`);
  const tables = collections.flatMap((collection) =>
    collection.allChildren.map(({ table }) => table).toSpliced(0, 0, collection.name),
  );
  const counts = await Promise.all(
    tables.map(async (table) => {
      const [row] = await db.execute<{ rows: number }>(sql`select count(*) as rows from hive.${sql.identifier(table)}`);
      return [`hive.${table}`, row?.rows ?? 0] as const;
    }),
  );
  print(io, tableOf(['table', 'rows'], counts));
  for (const { question, query } of demoQueries) {
    print(io, `\n${styled(io.stdout, 'bold', question)}\n${styled(io.stdout, 'dim', query)}`);
    const rows = await db.execute<Record<string, string | number | null>>(sql.raw(query));
    print(io, tableOf(Object.keys(rows[0] ?? {}), rows.map(Object.values)));
  }
  const total = counts.reduce((sum, [, rows]) => sum + rows, 0);
  print(io, `\n${inThousands(total)} rows stay in the embedded database, which stops with this command.`);
  print(io, 'To look around with psql, keep it up in one terminal and connect in another:');
  print(io, `  ${io.calledAs} db --demo`);
  print(io, `  ${psql}`);
  print(io, `\nYour own account: put HIVE_API_KEY into .env, then\n  ${io.calledAs} sync`);
  print(io, '\nTen questions with their answers, and what each column means: docs/analysts.md');
}
