// hive-sync refresh: fetches single records again.
import { sql } from 'drizzle-orm';
import type { AccountParts } from '../account.js';
import { readConfig } from '../config.js';
import type { Db } from '../db/database.js';
import { idList } from '../db/id-list.js';
import { type Lookup, readLookups } from '../db/lookups.js';
import { readRunLosses } from '../db/losses.js';
import { UsageError } from '../errors.js';
import type { Collection } from '../sync/collection.js';
import { lossesInWords } from '../sync/runs/run-losses.js';
import { startLookups } from '../sync/runs/start-run.js';
import { chooseCollections } from './choose-collections.js';
import { workThrough } from './follow-runs.js';
import { openForegroundApp } from './foreground-app.js';
import { tableOf } from './format.js';
import { type Io, note, print } from './io.js';

export interface RefreshOptions {
  readonly account?: string;
}

export async function refreshCommand(
  io: Io,
  name: string,
  texts: readonly string[],
  options: RefreshOptions,
): Promise<number> {
  const [collection, ...more] = chooseCollections([name]);
  if (collection === undefined || more.length > 0) {
    throw new UsageError('Ids belong to one collection: name it, such as hive-sync refresh orders 17.');
  }
  const ids = readIds(texts);
  const config = readConfig(io.env);
  const app = await openForegroundApp(io, config);
  try {
    const account = chooseAccount(app.accounts, options.account);
    const { id: runId } = await startLookups(account.context, 'refresh', [{ collection: collection.name, ids }]);
    const runs = await workThrough(io, app, config, [{ account, runId }]);
    const lookups = await readLookups(app.store.db, runId);
    const unknown = await neverStored(app.store.db, collection, account.account.label, lookups);
    print(io, tableOf(['id', 'outcome'], lookups.map(toRow(unknown))));
    const [run] = runs ?? [];
    if (run === undefined) {
      note(io, '\nInterrupted. The rest is on file: a worker or the next sync goes on with it.');
      return 130;
    }
    if (run.state === 'failed') {
      note(io, run.reason ?? 'the run failed');
      return 1;
    }
    if (run.lookups.failed > 0) {
      print(io, `\nWhat failed and why: ${io.calledAs} dead-letters list --collection ${collection.name}`);
    }
    if (lookups.some(({ outcome }) => outcome === 'unconfirmed')) {
      print(
        io,
        `\nUnconfirmed: the API answers 404, but it has not shown that it knows any single ${collection.singular} right then, or too many are gone at once to be believed. What is stored stays. A full sync makes sure: hive-sync sync ${collection.name} --full (with --allow-deletes where so many were really deleted).`,
      );
    }
    for (const sentence of lossesInWords(await readRunLosses(app.store.db, runId))) print(io, `\n${sentence}.`);
    if (unknown.size > 0) {
      const ids = [...unknown].join(', ');
      print(
        io,
        `\nUnknown: the API has no ${collection.singular} ${ids} for this key, and none was ever stored here. Is it Hive's own id?`,
      );
    }
    return run.state === 'complete' && unknown.size === 0 ? 0 : 3;
  } finally {
    await app.close();
  }
}

/** Ids that the API does not know and that were never stored: gone is what has been there. */
async function neverStored(
  db: Db,
  { pgTable }: Collection,
  account: string,
  lookups: readonly Lookup[],
): Promise<ReadonlySet<number>> {
  const gone = lookups.filter(({ outcome }) => outcome === 'gone').map(({ record_id }) => record_id);
  const stored = await db.execute<{ id: number }>(
    sql`select id from ${pgTable} where account = ${account} and id = any(${idList(gone)})`,
  );
  return new Set(gone.filter((id) => !stored.some((row) => row.id === id)));
}

/** Ids as text: a thousands separator has no place in them. */
const toRow =
  (unknown: ReadonlySet<number>) =>
  ({ record_id: id, state, outcome }: Lookup): string[] => [
    String(id),
    unknown.has(id) ? 'unknown' : (outcome ?? state),
  ];

function readIds(texts: readonly string[]): number[] {
  const wrong = texts.filter((text) => !/^[1-9]\d*$/.test(text) || !Number.isSafeInteger(Number(text)));
  if (wrong.length > 0) {
    throw new UsageError(`"${wrong.join('", "')}" cannot be the id of a record. Expected positive whole numbers.`);
  }
  return [...new Set(texts.map(Number))];
}

function chooseAccount(accounts: readonly AccountParts[], label: string | undefined): AccountParts {
  const labels = accounts.map(({ account }) => account.label).join(', ');
  if (label === undefined && accounts.length > 1) {
    throw new UsageError(`There are several accounts, and an id belongs to one. Add --account with one of: ${labels}.`);
  }
  const chosen = accounts.find(({ account }) => label === undefined || account.label === label);
  if (chosen === undefined) throw new UsageError(`There is no account "${label}". Expected one of: ${labels}.`);
  return chosen;
}
