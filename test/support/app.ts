// The product's parts in this process, for tests that need many runs or look inside.
import type { AccountParts } from '../../src/account.js';
import { type App, openApp } from '../../src/app.js';
import { collections } from '../../src/collections/index.js';
import { readConfig } from '../../src/config.js';
import { type Run, readRun, readWindows, type Window } from '../../src/db/ledger.js';
import type { Simulator } from '../../src/simulator/index.js';
import type { Observer } from '../../src/sync/observer.js';
import { type RunOptions, startRun } from '../../src/sync/runs/start-run.js';
import { log } from './log.js';
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
  observerOf?: (account: string) => Observer,
): Promise<TestApp> {
  const config = readConfig({
    HIVE_API_URL: simulator.url,
    HIVE_API_KEY: simulator.apiKey,
    DATABASE_URL: databaseUrl,
    SYNC_RETRY_BASE_MS: '10',
    ...env,
  });
  const app = await openApp(config, { log, version: 'test', ...(observerOf === undefined ? {} : { observerOf }) });
  const [account] = app.accounts;
  if (account === undefined) throw new Error('a test app has an account');
  return { app, account, close: () => app.close() };
}

/** Runs a full sync of some collections with a worker in this process, until it has ended. */
export const fullSync = (testApp: TestApp, names: readonly string[], deadlineMs?: number) =>
  syncOnce(testApp, names, { mode: 'full', trigger: 'cli' }, deadlineMs);

/** Runs any kind of sync with a worker in this process, until it has ended. */
export async function syncOnce(
  testApp: TestApp,
  names: readonly string[],
  options: RunOptions,
  deadlineMs?: number,
): Promise<{ run: Run; windows: Window[] }> {
  const chosen = collections.filter(({ name }) => names.includes(name));
  const { id } = await startRun(testApp.account.context, chosen, options);
  return workOff(testApp, id, deadlineMs);
}

/** Works in this process until a run that was filed has ended. */
export async function workOff(
  testApp: TestApp,
  runId: number,
  deadlineMs?: number,
): Promise<{ run: Run; windows: Window[] }> {
  const worker = testApp.account.work();
  try {
    return await untilEnded(testApp, runId, deadlineMs);
  } finally {
    await worker.close();
  }
}

/** Somebody else works on it. */
export const untilEnded = (
  { app }: TestApp,
  runId: number,
  deadlineMs?: number,
): Promise<{ run: Run; windows: Window[] }> =>
  until(
    `run ${runId} ends`,
    async () => {
      const run = await readRun(app.store.db, runId);
      return run !== undefined && run.state !== 'running'
        ? { run, windows: await readWindows(app.store.db, runId) }
        : undefined;
    },
    deadlineMs,
  );
