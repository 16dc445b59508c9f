// The product's parts in this process, for tests that need many runs or look inside.
import { type AccountParts, type App, openApp } from '../../src/app.js';
import { collections } from '../../src/collections/index.js';
import { readConfig } from '../../src/config.js';
import { type Run, readRun, readWindows, type Window } from '../../src/db/ledger.js';
import { openLog } from '../../src/log.js';
import type { Simulator } from '../../src/simulator/index.js';
import { type RunOptions, startRun } from '../../src/sync/start-run.js';
import { until } from './until.js';

export interface TestApp {
  readonly app: App;
  readonly account: AccountParts;
  close(): Promise<void>;
}

/** An app for one account of a simulator. */
export async function openTestApp(
  simulator: Pick<Simulator, 'url' | 'apiKey'>,
  databaseUrl: string,
  env: Record<string, string> = {},
): Promise<TestApp> {
  const config = readConfig({
    HIVE_API_URL: simulator.url,
    HIVE_API_KEY: simulator.apiKey,
    DATABASE_URL: databaseUrl,
    SYNC_RETRY_BASE_MS: '10',
    ...env,
  });
  const log = openLog(process.env.LOG_LEVEL ?? 'silent', process.stderr);
  const app = await openApp(config, { log, version: 'test' });
  const [account] = app.accounts;
  if (account === undefined) throw new Error('a test app has an account');
  return { app, account, close: () => app.close() };
}

/** Runs a full sync of some collections with a worker in this process, until it has ended. */
export const fullSync = (testApp: TestApp, names: readonly string[], deadlineMs?: number) =>
  syncOnce(testApp, names, { mode: 'full', trigger: 'cli' }, deadlineMs);

/** Runs any kind of sync with a worker in this process, until it has ended. */
export async function syncOnce(
  { app, account }: TestApp,
  names: readonly string[],
  options: RunOptions,
  deadlineMs?: number,
): Promise<{ run: Run; windows: Window[] }> {
  const chosen = collections.filter(({ name }) => names.includes(name));
  const { id } = await startRun(account.context, chosen, options);
  const worker = account.work();
  try {
    return await until(
      `run ${id} ends`,
      async () => {
        const run = await readRun(app.store.db, id);
        return run !== undefined && run.state !== 'running'
          ? { run, windows: await readWindows(app.store.db, id) }
          : undefined;
      },
      deadlineMs,
    );
  } finally {
    await worker.close();
  }
}
