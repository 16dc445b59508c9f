// Rows of a page into their tables. Rules: what is unchanged is not written, older never overwrites newer, a tombstone
// is not undone by an older page, a value that could not be read replaces no good one, child rows are replaced together
// with their record's row, and so is history written.
import { sql } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import { type DailyTable, keepDaily } from './daily.js';
import type { Executor } from './database.js';
import { idList } from './id-list.js';
import { seenLater } from './later-reads.js';
import { areLossesIn, keptOr, lostOf, withKeptParts } from './lost-values.js';
import { statementParts } from './statement-parts.js';
import { insertChanges, watchedOf } from './status-changes.js';
import type { Provenance, StorableRecord } from './stored-record.js';
import { together } from './together.js';

/** Where a collection's rows go. */
export interface UpsertTarget {
  readonly name: string;
  readonly pgTable: PgTable;
  /** Columns whose changes are kept in hive.status_changes. */
  readonly statusFields: readonly string[];
  /** Column of the child tables that holds the record's id. */
  readonly parentKey: string;
  readonly allChildren: readonly {
    readonly table: string;
    readonly pgTable: PgTable;
    /** Where the last values of each day are kept. */
    readonly dailyTable?: DailyTable | undefined;
  }[];
}

export interface UpsertResult {
  readonly inserted: number;
  readonly updated: number;
  /** Stored already, equal or newer. */
  readonly unchanged: number;
}

/**
 * Stores records of one answer in the transaction of the caller. Equal ids: the later one in the list wins.
 * @param locking ids whose rows must be locked, also where there is nothing new: afterwards they could not be locked in
 * the order of ids any more
 */
export async function upsertRecords(
  tx: Executor,
  target: UpsertTarget,
  records: readonly StorableRecord[],
  provenance: Provenance,
  locking: ReadonlySet<number> = new Set(),
): Promise<UpsertResult> {
  const latest = [...new Map(records.map((record) => [record.id, record])).values()];
  // In the order of ids, so that two pages with the same records wait for each other instead of locking up.
  latest.sort((a, b) => a.id - b.id);
  const unknown = await withoutUnchanged(tx, target, latest, provenance);
  const news =
    locking.size === 0 ? unknown : latest.filter((record) => unknown.includes(record) || locking.has(record.id));
  if (news.length === 0) return { inserted: 0, updated: 0, unchanged: latest.length };

  const written = await writeRows(tx, target, news, provenance);
  const updatedIds = written.filter((row) => !row.inserted).map((row) => row.id);
  const writtenIds = new Set(written.map((row) => row.id));
  const parents = await withKeptParts(
    tx,
    target,
    news.filter((record) => writtenIds.has(record.id)),
    new Set(updatedIds),
    provenance.account,
  );
  await together(
    target.allChildren.map(async (child) => {
      if (child.dailyTable !== undefined)
        await keepDaily(tx, target.parentKey, child, child.dailyTable, parents, provenance);
      await replaceChildren(tx, target.parentKey, child, parents, updatedIds, provenance.account);
    }),
  );
  const inserted = written.length - updatedIds.length;
  return { inserted, updated: updatedIds.length, unchanged: latest.length - written.length };
}

/**
 * Reading ids and hashes first is far cheaper than conflicting rows that end up unwritten. Each id is looked up by itself:
 * a plan made while the table was small may not turn into one that walks through all of it when it is large.
 */
async function withoutUnchanged(
  tx: Executor,
  target: UpsertTarget,
  records: readonly StorableRecord[],
  { account }: Provenance,
): Promise<StorableRecord[]> {
  const ids = idList(records.map((record) => record.id));
  const stored = await tx.execute<{ id: number; hash: string }>(sql`
    select stored.id, stored.hash from unnest(${ids}) as wanted(id), lateral (
      select id, _content_hash as hash from ${target.pgTable}
      where account = ${account} and id = wanted.id and _deleted_at is null limit 1) as stored`);
  const hashes = new Map(stored.map((row) => [row.id, row.hash]));
  return records.filter((record) => hashes.get(record.id) !== record.hash);
}

/**
 * A row that was read again unchanged does not know it, so an answer that was held up asks the ledger whether a later one
 * has shown the record. Others do not: it would cost them more than the chance is worth that a record went to another
 * state and back in such a moment, and was read in both; the next read mends that.
 */
const HELD_UP = sql.raw("now() - interval '1 second'");

async function writeRows(
  tx: Executor,
  target: UpsertTarget,
  records: readonly StorableRecord[],
  { account, requestedAt, source, runId }: Provenance,
): Promise<{ id: number; inserted: boolean }[]> {
  const at = new Date(requestedAt).toISOString();
  const rows = records.map((record) => ({
    ...record.row,
    account,
    _first_seen_at: at,
    _fetched_at: at,
    _changed_at: at,
    _source: source,
    _run_id: runId,
    _lost: lostOf(record),
    _content_hash: record.hash,
    _raw: record.raw,
  }));
  const { table, columns, recordset } = statementParts(target.pgTable);
  // Seldom, so it is a statement of its own.
  const losesSome = areLossesIn(records);
  const set = columns
    .filter((name) => !['"account"', '"id"', '"_first_seen_at"', '"_previous"'].includes(name))
    .map((name) => `${name} = ${losesSome && !name.startsWith('"_') ? keptOr(name, 'excluded') : `excluded.${name}`}`)
    .join(', ');
  // The condition is tested on the row as it stands after waiting for other writers, so it holds in every race, and so
  // does what goes into _previous. Only through it does the row before come out of the statement: before version 18
  // PostgreSQL returns none, and locking the rows first would take them in another order than that of the ids.
  const seen = { collection: target.name, account, at, source, runId };
  // What a webhook brings was weighed against the row and its reads already (sync/webhooks).
  const later = source === 'webhook' ? undefined : sql`${seenLater(seen)} and ${at}::timestamptz < ${HELD_UP}`;
  return tx.execute<{ id: number; inserted: boolean }>(sql`
    with ${later === undefined ? sql`` : sql`later as materialized (${later}),`} written as (
      insert into ${sql.raw(table)} as stored (${sql.raw(columns.join(', '))})
      select ${sql.raw(columns.join(', '))} from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) as r(${sql.raw(recordset)})
      on conflict (account, id) do update
      set ${sql.raw(set)}, _previous = ${sql.raw(watchedOf('stored', target.statusFields))}
      where excluded._fetched_at >= stored._fetched_at
        and (stored._deleted_at is null or excluded._fetched_at > stored._deleted_at)
        and (stored._content_hash <> excluded._content_hash or stored._deleted_at is not null)
        ${later === undefined ? sql`` : sql`and not exists (select from later where later.id = stored.id)`}
      returning id, xmax = 0 as inserted, _previous as before,
        case when xmax <> 0 then ${sql.raw(watchedOf('stored', target.statusFields))} end as after),
    changed as (select id, before, after from written where not inserted),
    kept as (${insertChanges(seen)})
    select id, inserted from written`);
}

export async function replaceChildren(
  tx: Executor,
  parentKey: string,
  child: UpsertTarget['allChildren'][number],
  parents: readonly StorableRecord[],
  /** Those that have child rows already. */
  updatedIds: readonly number[],
  account: string,
): Promise<void> {
  if (updatedIds.length > 0) {
    await tx.execute(sql`
      delete from ${child.pgTable}
      where account = ${account} and ${sql.identifier(parentKey)} = any(${idList(updatedIds)})`);
  }
  const rows = parents.flatMap(({ id, children }) =>
    (children[child.table] ?? []).map((row) => ({ ...row, account, [parentKey]: id })),
  );
  if (rows.length === 0) return;
  const { table, columns, recordset } = statementParts(child.pgTable);
  await tx.execute(sql`
    insert into ${sql.raw(table)} (${sql.raw(columns.join(', '))})
    select ${sql.raw(columns.join(', '))} from jsonb_to_recordset(${JSON.stringify(rows)}::text::jsonb) as r(${sql.raw(recordset)})`);
}
