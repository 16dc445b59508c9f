// hive-sync status: what is there, how true it is, what is under way.
import { openStore, type Store } from '../app.js';
import { collections } from '../collections/index.js';
import { type Config, readConfig } from '../config.js';
import { pendingMigrations } from '../db/migrate.js';
import { readBudgetStatus, readCollectionStatus, readRunStatus } from '../db/status.js';
import { ServiceUnavailableError } from '../errors.js';
import { openLog } from '../log.js';
import { inThousands, inUtc, styled, tableOf } from './format.js';
import { type Io, print } from './io.js';
import { foregroundLevel } from './sync.js';

export async function statusCommand(io: Io, { json }: { json: boolean }): Promise<number> {
  const config = readConfig(io.env, { needsKey: false });
  const store = await openStore(config, { log: openLog(foregroundLevel(io.env), io.stderr) });
  try {
    await requireSchema(store);
    const accounts = await Promise.all(config.accounts.map(({ label }) => readAccount(store, config, label)));
    if (json) print(io, JSON.stringify({ accounts }, null, 2));
    else for (const account of accounts) printAccount(io, account);
    return 0;
  } finally {
    await store.close();
  }
}

/** @throws ServiceUnavailableError when the tables are not there yet */
export async function requireSchema(store: Store): Promise<void> {
  const pending = await pendingMigrations(store);
  if (pending.length > 0) {
    throw new ServiceUnavailableError(
      `The database lacks ${pending.length} migration${pending.length === 1 ? '' : 's'} of this release. Run: hive-sync migrate`,
    );
  }
}

async function readAccount({ db }: Store, config: Config, label: string) {
  const [perCollection, runs, budget] = await Promise.all([
    Promise.all(collections.map((collection) => readCollectionStatus(db, label, collection))),
    readRunStatus(db, { account: label }),
    readBudgetStatus(db, label, config.rate),
  ]);
  return {
    account: label,
    collections: perCollection.map((one) => ({
      collection: one.collection,
      rows: one.rows,
      api_count: one.apiCount,
      certified_complete_up_to: one.certifiedUpTo,
      open_dead_letters: one.openDeadLetters,
    })),
    runs: runs
      .map((run) => ({
        run: run.run,
        mode: run.mode,
        state: run.state,
        started_at: run.startedAt,
        pages_done: sum(run.windows.map(({ pagesDone }) => pagesDone)),
        pages_total: run.windows.some(({ pages }) => pages === null)
          ? null
          : sum(run.windows.map(({ pages }) => pages ?? 0)),
        single_records_done: run.lookups.done,
        single_records_total: run.lookups.total,
        eta_ms: null as number | null,
      }))
      .map((run) => ({ ...run, eta_ms: etaMs(run, budget, config) })),
    budget: {
      used: budget.used,
      limit: budget.limit,
      window_ms: config.rate.windowMs,
      used_by_others: budget.others,
      blocked_until: budget.blockedUntil,
      halted_at: budget.haltedAt,
    },
  };
}

type AccountReport = Awaited<ReturnType<typeof readAccount>>;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);

/** By the budget alone: that is what a sync waits for. */
const etaMs = (
  run: { pages_done: number; pages_total: number | null; single_records_done: number; single_records_total: number },
  { limit }: { limit: number },
  { rate }: Config,
): number | null =>
  run.pages_total === null
    ? null
    : Math.ceil(
        (Math.max(0, run.pages_total - run.pages_done + run.single_records_total - run.single_records_done) / limit) *
          rate.windowMs,
      );

function printAccount(io: Io, { account, collections: rows, runs, budget }: AccountReport): void {
  print(io, styled(io.stdout, 'bold', `Account ${account}`));
  print(
    io,
    tableOf(
      ['collection', 'rows', 'API count', 'certified complete up to', 'dead letters'],
      rows.map((row) => [
        row.collection,
        row.rows,
        row.api_count,
        row.certified_complete_up_to === null ? 'never' : inUtc(row.certified_complete_up_to),
        row.open_dead_letters,
      ]),
    ),
  );
  for (const run of runs) {
    const pages = `${inThousands(run.pages_done)} of ${run.pages_total === null ? 'unknown' : inThousands(run.pages_total)}`;
    const single =
      run.single_records_total === 0
        ? ''
        : `, ${inThousands(run.single_records_done)} of ${inThousands(run.single_records_total)} single records`;
    const eta = run.eta_ms === null ? '' : `, about ${Math.ceil(run.eta_ms / 1_000)} s left`;
    print(io, `\nRun ${run.run} (${run.mode}) is under way: ${pages} pages${single}${eta}.`);
  }
  const others = budget.used_by_others > 0 ? `, ${budget.used_by_others} by others` : '';
  print(io, `\nBudget: ${budget.used} of ${budget.limit} requests in the last ${budget.window_ms / 1_000} s${others}.`);
  if (budget.halted_at !== null) {
    print(
      io,
      styled(io.stdout, 'red', 'Halted: the API refused the key twice. Check HIVE_API_KEY, then run: hive-sync sync'),
    );
  }
  print(io, '');
}
