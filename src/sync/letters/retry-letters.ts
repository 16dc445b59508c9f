// What can be done about a dead letter now: ask for the record or the page again, read the whole list where nobody knows
// where the page's records are now, read the stored payload again, or nothing.
import type { Db } from '../../db/database.js';
import type { DeadLetter } from '../../db/dead-letters.js';
import { type FailedPage, lastFailures, type PageAddress } from '../../db/failed-pages.js';
import type { NewWindow } from '../../db/ledger.js';
import { resolveLetters } from '../../db/letter-ends.js';
import { recordDrift } from '../../db/schema-drift.js';
import { upsertRecords } from '../../db/upsert.js';
import { storeDelivery } from '../../db/webhook-deliveries.js';
import { refusalOf } from '../../service-trouble.js';
import type { Collection } from '../collection.js';
import { isKeptText } from '../records/bounds.js';
import { type ParsedRecord, parseRecord } from '../records/parse.js';
import { problemOf } from '../records/store-records.js';
import { PRIORITY } from '../runs/plan.js';
import { recognise } from '../webhooks/webhook-shape.js';

export type LetterPlan =
  | { readonly do: 'ask for record'; readonly recordId: number }
  | { readonly do: 'read pages'; readonly window: NewWindow & { readonly pages: readonly number[] } }
  /** Where the page's records are is not known. */
  | { readonly do: 'read list'; readonly collection: Collection }
  | { readonly do: 'read payload' }
  | { readonly do: 'leave'; readonly because: string };

export interface Planned {
  readonly letter: DeadLetter;
  readonly plan: LetterPlan;
}

const leave = (because: string): LetterPlan => ({ do: 'leave', because });

/** What is to be done with a page depends on what the ledger knows of it. */
interface PageOfLedger {
  readonly do: 'look up page';
  readonly collection: Collection;
  readonly address: PageAddress;
}

/** @param accounts labels of those that are configured: letters of others stay */
export async function planLetters(
  db: Db,
  collections: readonly Collection[],
  accounts: readonly string[],
  letters: readonly DeadLetter[],
): Promise<Planned[]> {
  const wishes = letters.map((letter) => ({ letter, wish: wishOf(collections, accounts, letter) }));
  const pages = wishes.flatMap(({ wish }) => (wish.do === 'look up page' ? [wish] : []));
  const failures = await lastFailures(
    db,
    pages.map(({ address }) => address),
  );
  const plans = new Map(pages.map((page, nth) => [page, planOfPage(page, failures[nth])]));
  return wishes.map(({ letter, wish }) => ({
    letter,
    plan: wish.do === 'look up page' ? (plans.get(wish) ?? leave('its address is not known')) : wish,
  }));
}

function wishOf(
  collections: readonly Collection[],
  accounts: readonly string[],
  letter: DeadLetter,
): LetterPlan | PageOfLedger {
  if (!accounts.includes(letter.account)) {
    return leave(`account "${letter.account}" is not configured here (HIVE_ACCOUNTS)`);
  }
  const { kind, record_id: recordId } = letter;
  if (letter.resolved_at !== null) return leave(`it is resolved already (${letter.resolution})`);
  const collection = collections.find(({ name }) => name === letter.collection);
  // What fitted no collection may fit one today.
  if (kind === 'webhook' && (collection === undefined || recordId === null)) return { do: 'read payload' };
  if (collection === undefined) return leave(`this release knows no collection "${letter.collection}"`);
  if (recordId !== null) return { do: 'ask for record', recordId };
  if (kind === 'record') return { do: 'read payload' };
  const bounds = letter.url === null ? undefined : boundsOf(letter.url);
  if (letter.page === null || bounds === undefined) return leave('its address is not known');
  const { account, page } = letter;
  return { do: 'look up page', collection, address: { account, collection: collection.name, from: bounds.from, page } };
}

function planOfPage({ collection, address }: PageOfLedger, failed: FailedPage | undefined): LetterPlan {
  if (failed === undefined) return { do: 'read list', collection };
  const { collection: name, from, page } = address;
  const { to } = failed;
  return {
    do: 'read pages',
    window: { collection: name, kind: 'chosen', from, to, priority: PRIORITY.urgent, pages: [page] },
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

/** Reads the stored payload with today's code. @returns undefined when it has come to rest, else why it has not */
export async function readPayloadAgain(
  db: Db,
  collections: readonly Collection[],
  letter: DeadLetter,
): Promise<string | undefined> {
  if (letter.kind === 'webhook') return readWebhookAgain(db, collections, letter);
  const collection = collections.find(({ name }) => name === letter.collection);
  if (collection === undefined) return `this release knows no collection "${letter.collection}"`;
  if (isKeptText(letter.payload)) return 'its payload was too large or too deep to be kept as it was';
  const result = parseRecord(collection, letter.payload);
  if (!result.ok) return `its payload still cannot be read: ${result.errors.join('; ')}`;
  try {
    await storePayload(db, collection, letter, result.record);
    return undefined;
  } catch (error) {
    const code = refusalOf(error);
    if (code === undefined) throw error;
    return problemOf(error, code);
  }
}

/** As old as the letter: whatever was read of this record since is newer. */
async function storePayload(db: Db, collection: Collection, letter: DeadLetter, record: ParsedRecord): Promise<void> {
  await db.transaction(async (tx) => {
    const sums = await upsertRecords(tx, collection, [record], {
      account: letter.account,
      requestedAt: letter.first_seen_at.getTime(),
      source: 'record',
      runId: letter.run_id,
    });
    await recordDrift(tx, letter.account, collection.name, record.drift);
    await resolveLetters(tx, [letter.id], sums.unchanged === 0 ? 'retried' : 'superseded');
  });
}

/** When it can be read today, it becomes a delivery that waits for a worker, so that the ordering rule holds for it. */
async function readWebhookAgain(
  db: Db,
  collections: readonly Collection[],
  letter: DeadLetter,
): Promise<string | undefined> {
  const { account, payload, fingerprint } = letter;
  const { collection, record, recordId } = recognise(collections, payload);
  if (collection === undefined) return 'its body still fits no collection';
  const result = parseRecord(collection, record);
  if (!result.ok) return `its payload still cannot be read: ${result.errors.join('; ')}`;
  const bodyHash = fingerprint.replace(/^webhook /, '');
  await db.transaction(async (tx) => {
    await storeDelivery(tx, { account, bodyHash, event: undefined, collection: collection.name, recordId, payload });
    await resolveLetters(tx, [letter.id], 'retried');
  });
  return undefined;
}
