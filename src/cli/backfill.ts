// hive-sync backfill: reads a part of the past again, by months, behind all scheduled work.
import type { AccountParts } from '../account.js';
import type { App } from '../app.js';
import { type Config, readConfig } from '../config.js';
import type { NewWindow } from '../db/ledger.js';
import { readBudgetStatus } from '../db/status.js';
import type { Collection } from '../sync/collection.js';
import { queryOf } from '../sync/reading/sync-page.js';
import { clampRange, readRange } from '../sync/runs/backfill-range.js';
import { joinOrStart } from '../sync/runs/join-or-start.js';
import { planBackfill } from '../sync/runs/plan.js';

import { inThousands, inWords } from '../words.js';
import { carryOut, type Wish } from './carry-out.js';
import { chooseCollections } from './choose-collections.js';
import { openForegroundApp } from './foreground-app.js';
import { tableOf } from './format.js';
import { type Io, note, print } from './io.js';

/** As they were typed. */
const NAMES = { from: '--from', to: '--to' };

export interface BackfillOptions {
  readonly from?: string;
  readonly to?: string;
  readonly detach: boolean;
  readonly dryRun: boolean;
  readonly follow: boolean;
}

export async function backfillCommand(io: Io, names: readonly string[], options: BackfillOptions): Promise<number> {
  const startedAt = performance.now();
  const collections = chooseCollections(names);
  const asked = readRange(options, NAMES);
  const config = readConfig(io.env);
  const app = await openForegroundApp(io, config);
  try {
    const wishes: Wish[] = [];
    for (const account of app.accounts) {
      const range = await clampRange(account.context, collections, asked, {
        names: NAMES,
        say: (sentence) => note(io, sentence),
        signal: io.signal,
      });
      if (options.dryRun) await printPlan(io, app, config, account, collections, range);
      else wishes.push({ account, collections, options: { mode: 'backfill', trigger: 'cli', ...range } });
    }
    if (!options.detach) return await carryOut(io, app, config, wishes, { ...options, startedAt });
    for (const wish of wishes) await file(io, wish, options);
    return 0;
  } finally {
    await app.close();
  }
}

/** Leaves it to a running worker, but for what is filed or being read already. */
async function file(io: Io, { account, collections, options }: Wish, { follow }: BackfillOptions): Promise<void> {
  let wanted = collections;
  while (wanted.length > 0) {
    const { joined, rest } = await joinOrStart(account.context, wanted, options, { follow });
    for (const { run, was } of joined) {
      const what = was === 'started' ? 'filed' : 'on file already';
      print(io, `Run ${run.id} is ${what}. A running worker reads it (hive-sync worker); see hive-sync status.`);
    }
    wanted = rest;
  }
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
      const pages = Math.max(1, body.pageCount ?? 1);
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
