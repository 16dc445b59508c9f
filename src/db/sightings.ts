// Everything that the ledger and the history know of one record: what it looks like from here, and where it was seen.
import { sql } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import type { Executor } from './database.js';

/** Ids have no index in the ledger, as each page would pay for it: so many of a collection's newest windows are looked through. */
const WINDOWS = 200;
/** Newest first, at most so many of a kind. */
const SHOWN = 5;
const CHANGES = 50;

export interface RecordAddress {
  readonly account: string;
  readonly collection: string;
  readonly pgTable: PgTable;
  readonly id: number;
}

const iso = (column: string) => sql.raw(`to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`);

export interface Sightings {
  readonly row: RowFacts | null;
  readonly pages: readonly { run: number; mode: string; window: number; page: number; at: string }[];
  readonly lookups: readonly {
    run: number;
    reason: string;
    state: string;
    outcome: string | null;
    at: string | null;
  }[];
  readonly webhooks: readonly { delivery: number; event: string | null; outcome: string | null; at: string }[];
  readonly changes: readonly { field: string; old: string | null; new: string | null; source: string; at: string }[];
  readonly letters: readonly { letter: number; errors: string[]; resolution: string | null; at: string }[];
  /** What is proved of its collection. */
  readonly proved: ProvedFacts;
  /** The newest window over the whole collection that has ended. */
  readonly list: ListFacts | null;
  /** Open dead letters about pages of the collection. */
  readonly unreadPages: number;
  readonly isBeingRead: boolean;
}

interface RowFacts extends Record<string, unknown> {
  first_seen_at: string;
  fetched_at: string;
  changed_at: string;
  deleted_at: string | null;
  source: string;
  run: number | null;
  /** Columns that hold an older value, or none, as they could not be read in this version; null = none. */
  lost: string[] | null;
}

interface ProvedFacts {
  /** As of when the whole list was last proved, and by which run; null = never. */
  readonly whole_as_of: string | null;
  readonly whole_run: number | null;
  /** Up to when new records are in the table; null = never. */
  readonly new_up_to: string | null;
}

interface ListFacts extends Record<string, unknown> {
  run: number;
  state: string;
  reason: string | null;
}

export async function readSightings(
  db: Executor,
  { account, collection, pgTable, id }: RecordAddress,
): Promise<Sightings> {
  const ofIt = sql`account = ${account} and collection = ${collection} and record_id = ${id}`;
  const ofAll = sql`w.account = ${account} and w.collection = ${collection}`;
  const [row] = await db.execute<RowFacts>(sql`
    select ${iso('_first_seen_at')} as first_seen_at, ${iso('_fetched_at')} as fetched_at, ${iso('_changed_at')} as changed_at,
      ${iso('_deleted_at')} as deleted_at, _source as source, _run_id as run, _lost as lost
    from ${pgTable} where account = ${account} and id = ${id}`);
  const pages = await db.execute<Sightings['pages'][number] & Record<string, unknown>>(sql`
    select w.run_id as run, r.mode, w.id as window, p.page, ${iso('p.requested_at')} as at
    from (select id, run_id from sync.windows w where ${ofAll} order by id desc limit ${WINDOWS}) w
    join sync.runs r on r.id = w.run_id
    cross join lateral (select page, requested_at from sync.pages
      where window_id = w.id and ids @> array[${id}::bigint] order by requested_at desc limit 1) p
    order by w.id desc limit ${SHOWN}`);
  const lookups = await db.execute<Sightings['lookups'][number] & Record<string, unknown>>(sql`
    select run_id as run, reason, state, outcome, ${iso('finished_at')} as at from sync.lookups
    where ${ofIt} order by id desc limit ${SHOWN}`);
  const webhooks = await db.execute<Sightings['webhooks'][number] & Record<string, unknown>>(sql`
    select id as delivery, event, outcome, ${iso('last_received_at')} as at from sync.webhook_deliveries
    where ${ofIt} order by last_received_at desc limit ${SHOWN}`);
  const changes = await db.execute<Sightings['changes'][number] & Record<string, unknown>>(sql`
    select field, old, new, source, ${iso('observed_at')} as at from hive.status_changes c
    where ${ofIt} order by c.id desc limit ${CHANGES}`);
  const letters = await db.execute<Sightings['letters'][number] & Record<string, unknown>>(sql`
    select id as letter, errors, resolution, ${iso('last_seen_at')} as at from sync.dead_letters
    where ${ofIt} order by resolved_at is null desc, last_seen_at desc limit ${SHOWN}`);
  const [list] = await db.execute<ListFacts>(sql`
    select w.run_id as run, w.state, w.reason from sync.windows w
    where ${ofAll} and w.kind = 'whole' and w.state not in ('waiting', 'reading') order by w.id desc limit 1`);
  const [rest] = await db.execute<{ unread: number; reading: boolean }>(sql`
    select (select count(*) from sync.dead_letters where account = ${account} and collection = ${collection}
        and kind = 'request' and resolved_at is null) as unread,
      exists (select from sync.windows w where ${ofAll} and w.state in ('waiting', 'reading')) as reading`);
  return {
    ...{ row: row ?? null, pages, lookups, webhooks, changes: [...changes].reverse(), letters },
    proved: await readProved(db, account, collection),
    list: list ?? null,
    ...{ unreadPages: rest?.unread ?? 0, isBeingRead: rest?.reading ?? false },
  };
}

export async function readProved(db: Executor, account: string, collection: string): Promise<ProvedFacts> {
  const [proved] = await db.execute<ProvedFacts & Record<string, unknown>>(sql`
    select ${iso('whole_as_of')} as whole_as_of, whole_run_id as whole_run, ${iso('new_up_to')} as new_up_to
    from sync.proofs where account = ${account} and collection = ${collection}`);
  return proved ?? { whole_as_of: null, whole_run: null, new_up_to: null };
}

/** Where a record of this id, or with this text in the merchant's column, is known: in its table or in a dead letter. */
export async function findRecords(
  db: Executor,
  { collection, pgTable, merchantKey }: { collection: string; pgTable: PgTable; merchantKey: string | undefined },
  wanted: { id: number | undefined; text: string },
  accounts: readonly string[],
): Promise<{ account: string; id: number }[]> {
  const among = sql`account in ${accounts}`;
  const found =
    wanted.id === undefined
      ? []
      : await db.execute<{ account: string; id: number }>(
          sql`select account, id from ${pgTable} where ${among} and id = ${wanted.id}`,
        );
  if (found.length > 0 || merchantKey === undefined) return [...found];
  const key = sql.identifier(merchantKey);
  return [
    ...(await db.execute<{ account: string; id: number }>(sql`
      select account, id from ${pgTable} where ${among} and ${key} = ${wanted.text}
      union select account, record_id from sync.dead_letters
      where ${among} and collection = ${collection} and resolved_at is null and record_id is not null
        and payload ->> ${merchantKey}::text = ${wanted.text}
      order by 1, 2 limit 10`)),
  ];
}
