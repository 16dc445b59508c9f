// What could not be taken in, kept with its payload. One trouble is one row, however often it recurs; a later good
// version of the record resolves it.
import { and, desc, eq, inArray, isNull, type SQL, sql } from 'drizzle-orm';
import type { Db, Executor } from './database.js';
import { idList } from './id-list.js';
import { deadLetters } from './machinery/dead-letters.js';

export const deadLetterKinds = ['request', 'record', 'webhook'] as const;
export type DeadLetterKind = (typeof deadLetterKinds)[number];

export interface NewDeadLetter {
  readonly account: string;
  readonly collection: string;
  readonly kind: DeadLetterKind;
  readonly runId: number | null;
  readonly page: number | null;
  /** Without secrets: the key travels in a header. */
  readonly url: string | null;
  readonly recordId: number | null;
  readonly httpStatus: number | null;
  /** Short and stable, for filters: `http_422`, `timeout`, `not_json`, `invalid_record`. */
  readonly errorCode: string;
  /** The API's own errors array, or the messages of our validation. */
  readonly errors: readonly string[];
  readonly payload: unknown;
  /** Tries that this occurrence took. */
  readonly attempts: number;
  /** Equal for two occurrences of the same trouble. */
  readonly fingerprint: string;
}

export type DeadLetter = typeof deadLetters.$inferSelect;

/** How the fingerprint of a page begins; the code of its failure follows. */
export const pageTrouble = (from: Date | null, page: number): string =>
  `request ${from?.toISOString() ?? ''} page ${page} `;

/** Columns of a new letter with their types, as they are sent. */
const COLUMNS = {
  ...{ account: 'text', collection: 'text', kind: 'text', run_id: 'bigint', page: 'integer', url: 'text' },
  ...{ record_id: 'bigint', http_status: 'integer', error_code: 'text', errors: 'text[]', payload: 'jsonb' },
  ...{ attempts: 'integer', fingerprint: 'text' },
};
const names = Object.keys(COLUMNS).join(', ');
const recordset = Object.entries(COLUMNS)
  .map((column) => column.join(' '))
  .join(', ');

/** Somebody has looked at this very thing and let it be. With another payload or other errors it is news again. */
const STAYS_DISCARDED = sql.raw(`known.resolution = 'discarded'
  and known.payload is not distinct from excluded.payload and known.errors = excluded.errors`);

/** What is tried again and fails has no pages around it: the run that it failed in has them, and is kept for it. */
const RUN_ID = sql.raw(`case when known.kind = 'request' and known.resolved_at is null
    and exists (select from sync.runs r where r.id = excluded.run_id and r.mode = 'retry')
  then coalesce(known.run_id, excluded.run_id) else excluded.run_id end`);

/** Characters of one statement, far below what jsonb can hold; more letters than that are filed by several. */
const LONGEST_STATEMENT = 16 * 1_024 * 1_024;

/**
 * Files letters in the transaction of the caller. A trouble that is on file already counts up and is open again, unless
 * it was discarded and has not changed since.
 * @returns how many of them are open now
 */
export async function fileDeadLetters(tx: Executor, letters: readonly NewDeadLetter[]): Promise<number> {
  const keyOf = ({ account, collection, fingerprint }: NewDeadLetter) =>
    JSON.stringify([account, collection, fingerprint]);
  const latest = new Map(letters.map((letter) => [keyOf(letter), letter]));
  // In the order of the unique key for everybody: two pages with the same troubles wait for each other instead of
  // locking up.
  const sorted = [...latest].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, letter]) => JSON.stringify(rowOf(letter)));
  let open = 0;
  for (const part of inParts(sorted)) open += await fileAtOnce(tx, part);
  return open;
}

const rowOf = (letter: NewDeadLetter): Record<keyof typeof COLUMNS, unknown> => ({
  account: letter.account,
  collection: letter.collection,
  kind: letter.kind,
  run_id: letter.runId,
  page: letter.page,
  url: letter.url,
  record_id: letter.recordId,
  http_status: letter.httpStatus,
  error_code: letter.errorCode,
  errors: letter.errors,
  payload: letter.payload ?? null,
  attempts: letter.attempts,
  fingerprint: letter.fingerprint,
});

function* inParts(rows: readonly string[]): Generator<readonly string[]> {
  let part: string[] = [];
  let length = 0;
  for (const row of rows) {
    if (part.length > 0 && length + row.length > LONGEST_STATEMENT) {
      yield part;
      [part, length] = [[], 0];
    }
    part.push(row);
    length += row.length;
  }
  if (part.length > 0) yield part;
}

async function fileAtOnce(tx: Executor, rows: readonly string[]): Promise<number> {
  const filed = await tx.execute<{ open: boolean }>(sql`
    insert into sync.dead_letters as known (${sql.raw(names)})
    select ${sql.raw(names)} from jsonb_to_recordset(${`[${rows.join(',')}]`}::text::jsonb) as r(${sql.raw(recordset)})
    on conflict (account, collection, fingerprint) do update set
      kind = excluded.kind, run_id = ${RUN_ID}, page = excluded.page, url = excluded.url,
      record_id = excluded.record_id, http_status = excluded.http_status, error_code = excluded.error_code,
      errors = excluded.errors, payload = excluded.payload, attempts = known.attempts + excluded.attempts,
      last_seen_at = now(),
      resolved_at = case when ${STAYS_DISCARDED} then known.resolved_at end,
      resolution = case when ${STAYS_DISCARDED} then known.resolution end,
      resolution_reason = case when ${STAYS_DISCARDED} then known.resolution_reason end
    returning resolved_at is null as open`);
  return filed.filter(({ open }) => open).length;
}

/** A record that could be read. */
export interface GoodVersion {
  readonly id: number;
  /** Its state is not older than that: start of the request, or receipt, by PostgreSQL's clock, epoch milliseconds. */
  readonly at: number;
}

/** A good version of these records has landed: letters about what came before it are history, later ones are news. */
export async function supersedeDeadLetters(
  tx: Executor,
  account: string,
  collection: string,
  versions: readonly GoodVersion[],
): Promise<void> {
  if (versions.length === 0) return;
  const ids = versions.map(({ id }) => id);
  const instants = versions.map(({ at }) => new Date(at).toISOString());
  await tx.execute(sql`
    with outdated as materialized (
      select d.id from sync.dead_letters d
      join unnest(${idList(ids)}, ${`{${instants.join(',')}}`}::timestamptz[]) as good(id, at) on d.record_id = good.id
      where d.account = ${account} and d.collection = ${collection} and d.kind in ('record', 'webhook')
        and d.resolved_at is null and d.last_seen_at < good.at
      order by d.id for update of d)
    update sync.dead_letters d set resolved_at = now(), resolution = 'superseded'
    from outdated where d.id = outdated.id`);
}

/**
 * Files letters and resolves those that good versions have overtaken, of one account and collection. All that are on
 * file already are locked first, by id: who files one and resolves another must not meet who does it the other way round.
 * @returns how many of the filed ones are open now
 */
export async function settleDeadLetters(
  tx: Executor,
  { account, collection }: { readonly account: string; readonly collection: string },
  { filed, landed }: { readonly filed: readonly NewDeadLetter[]; readonly landed: readonly GoodVersion[] },
): Promise<number> {
  if (filed.length > 0 && landed.length > 0) {
    await tx.execute(sql`
      select from sync.dead_letters where account = ${account} and collection = ${collection}
        and (fingerprint in (select jsonb_array_elements_text(${JSON.stringify(filed.map(({ fingerprint }) => fingerprint))}::text::jsonb))
          or (resolved_at is null and record_id = any(${idList(landed.map(({ id }) => id))})))
      order by id for update`);
  }
  const open = filed.length === 0 ? 0 : await fileDeadLetters(tx, filed);
  await supersedeDeadLetters(tx, account, collection, landed);
  return open;
}

export interface DeadLetterFilter {
  readonly ids?: readonly number[] | undefined;
  readonly account?: string | undefined;
  readonly collection?: string | undefined;
  readonly kind?: string | undefined;
  /** Resolved ones too. */
  readonly all?: boolean | undefined;
  /** 100 unless told; null = all of them. */
  readonly limit?: number | null | undefined;
  /** So many of the newest are left out; 0 unless told. */
  readonly offset?: number | undefined;
}

function conditionOf(filter: DeadLetterFilter): SQL | undefined {
  const conditions: SQL[] = [];
  if (filter.ids !== undefined) conditions.push(inArray(deadLetters.id, [...filter.ids]));
  if (filter.account !== undefined) conditions.push(eq(deadLetters.account, filter.account));
  if (filter.collection !== undefined) conditions.push(eq(deadLetters.collection, filter.collection));
  if (filter.kind !== undefined) conditions.push(eq(deadLetters.kind, filter.kind));
  if (filter.all !== true) conditions.push(isNull(deadLetters.resolved_at));
  return and(...conditions);
}

/** Newest first. */
export function listDeadLetters(db: Db, filter: DeadLetterFilter): Promise<DeadLetter[]> {
  const found = db
    .select()
    .from(deadLetters)
    .where(conditionOf(filter))
    .orderBy(desc(deadLetters.last_seen_at), desc(deadLetters.id))
    .offset(filter.offset ?? 0);
  return filter.limit === null ? found : found.limit(filter.limit ?? 100);
}

/** How many fit, whatever the limit. */
export const countDeadLetters = (db: Db, filter: DeadLetterFilter): Promise<number> =>
  db.$count(deadLetters, conditionOf(filter));

export async function readDeadLetter(db: Db, letterId: number): Promise<DeadLetter | undefined> {
  const [letter] = await db.select().from(deadLetters).where(eq(deadLetters.id, letterId));
  return letter;
}

/** What a letter is about, in a few words: "record 17", "page 3, HTTP 503". */

export function whatOf({
  record_id,
  page,
  http_status,
  error_code,
}: Pick<DeadLetter, 'record_id' | 'page' | 'http_status' | 'error_code'>): string {
  if (record_id !== null) return `record ${record_id}`;
  const place = page === null ? '' : `page ${page}`;
  return [place, http_status === null ? error_code : `HTTP ${http_status}`].filter(Boolean).join(', ');
}
