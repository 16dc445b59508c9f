// What can be done about a dead letter now: ask for the record or the page again, read the stored payload again, or
// nothing.
import { sql } from 'drizzle-orm';
import type { Db, Executor } from '../db/database.js';
import type { DeadLetter } from '../db/dead-letters.js';
import type { NewWindow } from '../db/ledger.js';
import { resolveLetters } from '../db/letter-ends.js';
import { recordDrift } from '../db/schema-drift.js';
import { upsertRecords } from '../db/upsert.js';
import type { Collection } from './collection.js';
import { parseRecord } from './parse.js';
import { PRIORITY } from './plan.js';

export type LetterPlan =
  | { readonly do: 'ask for record'; readonly recordId: number }
  | { readonly do: 'read pages'; readonly window: NewWindow & { readonly pages: readonly number[] } }
  | { readonly do: 'read payload' }
  | { readonly do: 'leave'; readonly because: string };

export interface Planned {
  readonly letter: DeadLetter;
  readonly plan: LetterPlan;
}

const leave = (because: string): LetterPlan => ({ do: 'leave', because });

export async function planLetter(
  db: Executor,
  collections: readonly Collection[],
  letter: DeadLetter,
): Promise<LetterPlan> {
  const { kind, record_id: recordId } = letter;
  if (letter.resolved_at !== null) return leave(`it is resolved already (${letter.resolution})`);
  if (kind === 'webhook') return leave('letters of webhooks can be tried again when the webhooks release is out');
  const collection = collections.find(({ name }) => name === letter.collection);
  if (collection === undefined) return leave(`this release knows no collection "${letter.collection}"`);
  if (recordId !== null) return { do: 'ask for record', recordId };
  if (kind === 'record') return { do: 'read payload' };
  const bounds = letter.url === null ? undefined : boundsOf(letter.url);
  if (letter.page === null || bounds === undefined) return leave('its address is not known');
  const pages = await pagesNow(db, collection, letter, letter.page);
  const { name } = collection;
  return {
    do: 'read pages',
    window: { collection: name, kind: 'chosen', ...bounds, priority: PRIORITY.urgent, pages },
  };
}

/** The instants at which a request was pinned; undefined when the address cannot be read. */
export function boundsOf(url: string): { from: Date | null; to: Date | null } | undefined {
  if (!URL.canParse(url)) return undefined;
  const { searchParams } = new URL(url);
  const [from, to] = ['created_at[gte]', 'created_at[lte]'].map((name) => {
    const text = searchParams.get(name);
    return text === null ? null : new Date(text);
  });
  if (Number.isNaN(from?.getTime()) || Number.isNaN(to?.getTime())) return undefined;
  return { from: from ?? null, to: to ?? null };
}

/** A list that cannot be pinned has grown since: what stood on the page has moved down as far as we know of new rows. */
async function pagesNow(db: Executor, collection: Collection, letter: DeadLetter, page: number): Promise<number[]> {
  if (collection.filtersByCreatedAt) return [page];
  const [row] = await db.execute<{ added: number; per_page: number }>(sql`
    select (select count(*) from ${collection.pgTable}
        where account = ${letter.account} and _first_seen_at > ${letter.last_seen_at.toISOString()}::timestamptz) as added,
      coalesce((select max(items_per_page) from sync.windows
        where account = ${letter.account} and collection = ${collection.name}), 20) as per_page`);
  const further = row === undefined ? 0 : Math.ceil(row.added / Math.max(1, row.per_page));
  return Array.from({ length: further + 1 }, (_, i) => page + i);
}

/** Reads the stored payload with today's code. @returns undefined when it has come to rest, else why it has not */
export async function readPayloadAgain(
  db: Db,
  collections: readonly Collection[],
  letter: DeadLetter,
): Promise<string | undefined> {
  const collection = collections.find(({ name }) => name === letter.collection);
  if (collection === undefined) return `this release knows no collection "${letter.collection}"`;
  const result = parseRecord(collection, letter.payload);
  if (!result.ok) return `its payload still cannot be read: ${result.errors.join('; ')}`;
  const { record } = result;
  await db.transaction(async (tx) => {
    // As old as the letter: whatever was read of this record since is newer.
    const sums = await upsertRecords(tx, collection, [record], {
      account: letter.account,
      requestedAt: letter.first_seen_at.getTime(),
      source: 'record',
      runId: letter.run_id,
    });
    await recordDrift(tx, letter.account, collection.name, record.drift);
    await resolveLetters(tx, [letter.id], sums.unchanged === 0 ? 'retried' : 'superseded');
  });
  return undefined;
}
