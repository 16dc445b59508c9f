// hive-sync backfill: reads a part of the past again, by months, behind all scheduled work.
import { type AccountParts, type App, openApp } from '../app.js';
import { type Config, readConfig } from '../config.js';
import { type NewWindow, readClock } from '../db/ledger.js';
import { readBudgetStatus } from '../db/status.js';
import { UsageError } from '../errors.js';
import { openLog } from '../log.js';
import type { Collection } from '../sync/collection.js';
import { readOldest } from '../sync/oldest.js';
import { planBackfill } from '../sync/plan.js';
import { resumeOrStart } from '../sync/start-run.js';
import { queryOf } from '../sync/sync-page.js';
import { chooseCollections } from './choose-collections.js';
import { readDate } from './dates.js';
import { type Followed, workAndReport } from './follow-runs.js';
import { inThousands, inUtc, inWords, tableOf } from './format.js';
import { type Io, note, print } from './io.js';
import { foregroundLevel } from './sync.js';

export interface BackfillOptions {
  readonly from?: string;
  readonly to?: string;
  readonly detach: boolean;
  readonly dryRun: boolean;
}

export async function backfillCommand(io: Io, names: readonly string[], options: BackfillOptions): Promise<number> {
  const collections = chooseCollections(names);
  const asked = readRange(options);
  const config = readConfig(io.env);
  const app = await openApp(config, { log: openLog(foregroundLevel(io.env), io.stderr), version: io.version });
  const startedAt = performance.now();
  try {
    const followed: Followed[] = [];
    for (const account of app.accounts) {
      await account.budget.probe();
      const range = await clamp(io, account, collections, asked);
      if (options.dryRun) {
        await printPlan(io, app, config, account, collections, range);
        continue;
      }
      const { run, resumed } = await resumeOrStart(account.context, collections, {
        mode: 'backfill',
        trigger: 'cli',
        ...range,
      });
      if (resumed) note(io, `Going on with run ${run.id}, which was interrupted: what it has read is kept.`);
      if (options.detach) {
        print(io, `Run ${run.id} is filed. A running worker reads it (hive-sync worker); see hive-sync status.`);
      } else followed.push({ account, runId: run.id });
    }
    return followed.length === 0 ? 0 : await workAndReport(io, app, config, followed, startedAt);
  } finally {
    await app.close();
  }
}

interface Asked {
  readonly from: Date | undefined;
  readonly to: Date | undefined;
}

function readRange({ from, to }: BackfillOptions): Asked {
  const asked = {
    from: from === undefined ? undefined : readDate('--from', from),
    to: to === undefined ? undefined : readDate('--to', to, { end: true }),
  };
  if (asked.from !== undefined && asked.to !== undefined && asked.from > asked.to) {
    throw new UsageError(`--from ${from} lies after --to ${to}. Expected the earlier date first.`);
  }
  return asked;
}

/** Both ends inside what there is: not after now, and not before the oldest record. Says what it changed. */
async function clamp(
  io: Io,
  { context }: AccountParts,
  collections: readonly Collection[],
  { from, to }: Asked,
): Promise<{ from: Date; to: Date }> {
  const now = await readClock(context.db);
  if (from !== undefined && from > now) throw new UsageError(`--from lies in the future: ${inUtc(from)}.`);
  if (to !== undefined && to > now) note(io, `--to lies in the future; reading up to now, ${inUtc(now)}.`);
  const end = to === undefined || to > now ? now : to;
  const filtered = collections.filter(({ filtersByCreatedAt }) => filtersByCreatedAt);
  for (const { name } of collections.filter((one) => !filtered.includes(one))) {
    note(io, `${name}: the API has no filter by date here, so all of it is read.`);
  }
  const oldest: number[] = [];
  for (const collection of filtered)
    oldest.push((await readOldest(context, collection, io.signal))?.getTime() ?? Infinity);
  const first = Math.min(end.getTime(), ...oldest);
  if (from !== undefined && from.getTime() >= first) return { from, to: end };
  if (from !== undefined && oldest.length > 0) {
    note(io, `The oldest record is of ${inUtc(new Date(first))}; reading from there.`);
  }
  return { from: new Date(first), to: end };
}

/** What it would read, from the API's own page counts: one request per window. */
async function printPlan(
  io: Io,
  app: App,
  config: Config,
  { context }: AccountParts,
  collections: readonly Collection[],
  { from, to }: { from: Date; to: Date },
): Promise<void> {
  const rows: [string, string, string, number, number][] = [];
  for (const collection of collections) {
    for (const window of planBackfill(collection, from, to)) {
      const { body } = await context.client.list(collection.path, queryOf(boundsOf(window), 1), io.signal);
      const pages = Math.max(1, body.pageCount);
      rows.push([collection.name, dayOf(window.from), dayOf(window.to), pages, body.itemCount ?? 0]);
    }
  }
  print(io, tableOf(['collection', 'from', 'to', 'requests', 'records'], rows));
  const requests = rows.reduce((sum, row) => sum + row[3], 0);
  const { limit } = await readBudgetStatus(app.store.db, context.account, config.rate);
  const ms = (requests / limit) * config.rate.windowMs;
  print(
    io,
    `\n${inThousands(requests)} requests at ${inThousands(limit)} per ${config.rate.windowMs / 1_000} s: about ${inWords(ms)} when nothing else uses the budget. Nothing was read into the tables.`,
  );
}

const boundsOf = ({ from, to }: NewWindow) => ({ from_at: from, to_at: to });
const dayOf = (at: Date | null): string => at?.toISOString().slice(0, 10) ?? 'all';
