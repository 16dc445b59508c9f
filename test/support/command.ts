// A simulator with a database of its own, and the built program on both.
import { type Database, openDatabase } from '../../src/db/database.js';
import { type DeadLetter, type DeadLetterFilter, listDeadLetters } from '../../src/db/dead-letters.js';
import { openSimulator, type Simulator } from '../../src/simulator/index.js';
import { type Ended, runCli } from './cli.js';
import { createDatabase } from './database.js';

export interface Stage {
  readonly simulator: Simulator;
  readonly url: string;
  readonly env: Readonly<Record<string, string>>;
  run(...args: string[]): Promise<Ended>;
  /** Every letter that fits, oldest first. */
  letters(filter?: DeadLetterFilter): Promise<DeadLetter[]>;
  /** Opens the database for the time of an action. */
  inDatabase<T>(act: (database: Database) => Promise<T>): Promise<T>;
  /** What the API was asked for since then: "/orders?page=2". */
  requestsSince(n: number): string[];
}

export async function openStage(
  options: Parameters<typeof openSimulator>[0],
  env: Readonly<Record<string, string>> = {},
): Promise<Stage> {
  const simulator = await openSimulator({ rate: 'unlimited', ...options });
  const url = await createDatabase();
  const all = {
    HIVE_API_KEY: simulator.apiKey,
    HIVE_API_URL: simulator.url,
    DATABASE_URL: url,
    SYNC_RETRY_BASE_MS: '10',
    ...env,
  };
  const inDatabase: Stage['inDatabase'] = async (act) => {
    const database = await openDatabase(url, { connections: 2 });
    try {
      return await act(database);
    } finally {
      await database.close();
    }
  };
  return {
    simulator,
    url,
    env: all,
    run: (...args) => runCli(args, all),
    inDatabase,
    letters: (filter = {}) =>
      inDatabase(async ({ db }) =>
        (await listDeadLetters(db, { all: true, limit: null, ...filter })).sort((a, b) => a.id - b.id),
      ),
    requestsSince: (n) =>
      simulator.requests
        .filter((request) => request.n > n)
        .map(({ path, query }) => (query === '' ? path : `${path}?${query}`)),
  };
}
