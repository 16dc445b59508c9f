// One page: fetch → parse → rows, ledger and dead letters in one transaction → what comes next.
import { type NewDeadLetter, settleDeadLetters } from '../../db/dead-letters.js';
import type { Window } from '../../db/ledger.js';
import { enterPage, type PageEntry, readWindowForPage } from '../../db/ledger-pages.js';
import { persistently } from '../../db/persistently.js';
import { recordDrift } from '../../db/schema-drift.js';
import { inLockOrder, transact } from '../../db/transact.js';
import { HiveHttpError } from '../../errors.js';
import type { Answer, Query } from '../../hive/client.js';
import { beyondPage, type Page } from '../../hive/page.js';
import type { Collection } from '../collection.js';
import { collectionOf, type PageTask, type SyncContext } from '../context.js';
import { lossesOf } from '../records/losses.js';
import { type ParsedRecord, parseRecord } from '../records/parse.js';
import { identityOf, standInFor } from '../records/record-id.js';
import { REFUSED_CODE, type StoredRecords, type StoreRecords, sparingOthers } from '../records/store-records.js';
import { tasksOf } from '../runs/send-out.js';
import { askAboutDoubts, weighAnswer } from '../webhooks/webhook-doubts.js';
import { goOn, isReadToTheEnd, pagesToSend } from './go-on.js';
import { endWindow } from './retried-page.js';
import { readUnfiltered } from './unfiltered.js';

/** @throws what the client throws; database trouble only after long in-place retries. See verdict.ts */
export async function syncPage(context: SyncContext, task: PageTask, signal?: AbortSignal): Promise<void> {
  const found = await readWindowForPage(context.db, task);
  if (found === undefined || !isCurrent(found.window, task)) return;
  const { window } = found;
  if (found.done) {
    // Committed before, but whoever did that may have died before it could go on.
    if (await isReadToTheEnd(context, window)) await endWindow(context, window);
    else await context.enqueue(tasksOf(window, await pagesToSend(context, window)));
    return;
  }
  const collection = collectionOf(context, window.collection);
  const beganAt = performance.now();
  const answer = await askForPage(context, collection, window, task.page, signal);
  /** Rows that webhooks have to do with: a second attempt locks them. */
  const locking = new Set<number>();
  const { entered, sums, refused, raisesDoubts, isFiltered } = await persistently(
    context,
    () => sparingOthers((store) => storePage(context, store, collection, window, task, { answer, locking })),
    signal,
  );
  for (const { record, code } of refused) {
    const place = { run: window.run_id, window: window.id, page: task.page };
    context.log.error({ ...place, record: record.id, code }, 'PostgreSQL refuses a record: it became a dead letter');
  }
  context.log.debug({ run: window.run_id, window: window.id, page: task.page }, 'page stored');
  if (raisesDoubts) await askAboutDoubts(context);
  if (entered === undefined) return;
  context.observer.rowsStored(collection.name, sums);
  context.observer.pageStored(collection.name, performance.now() - beganAt);
  if (!isFiltered) await readUnfiltered(context, collection, entered.window);
  else await goOn(context, entered, task.page);
}

/**
 * So many pages that cannot be had, and a refusal no longer counts as trouble with one page: the list is not as long as it
 * says. Where it really ends is looked for by halves. As some have failed, its window does not end certified.
 */
const MOST_REFUSED = 3;
/** "Not found" and its kind: what an API may say of a page that its list does not have. */
const NOT_THERE = new Set([404, 410]);
const REFUSED = new Set([400, 404, 410, 416, 422]);

/**
 * One page. That a page is not found may mean that the list has become shorter: then its first page says so, and that is
 * no failure. @throws what the client throws
 */
async function askForPage(
  { client }: SyncContext,
  collection: Collection,
  window: Window,
  page: number,
  signal: AbortSignal | undefined,
): Promise<Answer<Page>> {
  try {
    return await client.list(collection.path, queryOf(window, page), signal);
  } catch (error) {
    if (!(error instanceof HiveHttpError) || page === 1) throw error;
    const isOneOfMany = window.pages_failed >= MOST_REFUSED;
    if (!(isOneOfMany ? REFUSED : NOT_THERE).has(error.status)) throw error;
    const first = await client.list(collection.path, queryOf(window, 1), signal);
    const { pageCount } = first.body;
    if (pageCount !== undefined && pageCount >= page && !isOneOfMany) throw error;
    return { ...first, body: beyondPage(first.body), url: error.url };
  }
}

/** Does the window still wait for this page? Jobs of a run that ended meanwhile have nothing left to do. */
export const isCurrent = (window: Window, task: PageTask): boolean =>
  window.pass === task.pass && (window.state === 'waiting' || window.state === 'reading');

export function queryOf(window: Pick<Window, 'from_at' | 'to_at'>, page: number): Query {
  return {
    ...(window.from_at === null ? {} : { 'created_at[gte]': window.from_at.toISOString() }),
    ...(window.to_at === null ? {} : { 'created_at[lte]': window.to_at.toISOString() }),
    page,
  };
}

function storePage(
  { db, pauseMs }: Pick<SyncContext, 'db' | 'pauseMs'>,
  store: StoreRecords,
  collection: Collection,
  window: Window,
  task: PageTask,
  { answer, locking }: { readonly answer: Answer<Page>; readonly locking: Set<number> },
) {
  const { body: page, requestedAt, answeredAt, apiAt, url } = answer;
  const { account } = window;
  const results = page.records.map((payload) => parseRecord(collection, payload));
  const records = results.flatMap((result) => (result.ok ? [result.record] : []));
  const letterAbout = (
    about: Pick<NewDeadLetter, 'recordId' | 'errorCode' | 'errors' | 'payload'>,
    mark: number | string,
  ): NewDeadLetter => ({
    ...{ account, collection: collection.name, kind: 'record', runId: window.run_id, page: task.page, url },
    ...{ httpStatus: null, attempts: 1, fingerprint: `record ${mark}`, ...about },
  });
  const letters = results.flatMap((result): NewDeadLetter[] => {
    if (result.ok) return [];
    const { id, errors, raw: payload, hash } = result;
    const mark = id ?? identityOf(payload, hash);
    return [letterAbout({ recordId: id ?? null, errorCode: 'invalid_record', errors, payload }, mark)];
  });
  const ids = results.map((result) =>
    result.ok ? result.record.id : (result.id ?? standInFor(identityOf(result.raw, result.hash))),
  );
  const entry: PageEntry = {
    window_id: window.id,
    pass: task.pass,
    page: task.page,
    state: page.isBeyond ? 'beyond' : 'read',
    page_count: page.pageCount ?? null,
    item_count: page.itemCount ?? null,
    items_per_page: page.itemsPerPage ?? null,
    records: results.length,
    ids,
    without_id: results.filter((result) => !result.ok && result.id === undefined).length,
    requested_at: new Date(requestedAt),
    answered_at: new Date(answeredAt),
    api_at: apiAt === undefined ? null : new Date(apiAt),
    losses: lossesOf(records),
    ...orderOf(records),
  };
  const provenance = { account, requestedAt, source: 'page' as const, runId: window.run_id };
  return transact(db, async (tx) => {
    let stored: StoredRecords = { sums: { inserted: 0, updated: 0, unchanged: 0 }, landed: [], refused: [] };
    let filed = 0;
    const done = await inLockOrder({
      records: async () => {
        stored = await store(tx, collection, records, provenance, locking);
      },
      deliveries: () => weighAnswer(tx, collection, stored.landed, provenance, locking),
      deadLetters: async () => {
        const refusals = stored.refused.map(({ record: { id: recordId }, problem, payload }) =>
          letterAbout({ recordId, errorCode: REFUSED_CODE, errors: [problem], payload }, recordId),
        );
        const landed = stored.landed.map(({ id }) => ({ id, at: requestedAt }));
        const about = { account, collection: collection.name };
        filed = await settleDeadLetters(tx, about, { filed: [...letters, ...refusals], landed });
      },
      drift: () => {
        const drift = stored.landed.flatMap((record) => record.drift);
        return recordDrift(tx, account, collection.name, drift);
      },
      ledger: () => enterPage(tx, entry, { ...stored.sums, deadLetters: filed }, pauseMs),
    });
    const { ledger: entered, deliveries: raisesDoubts } = done;
    return { entered, sums: stored.sums, refused: stored.refused, raisesDoubts, isFiltered: keepsTo(window, records) };
  });
}

/** Clocks and rounding: a bound that is kept but for so much is kept. */
const TOLERANCE_MS = 60_000;

/** Does the API keep to the bounds by created_at that it was asked for? One that does not know the filter ignores it. */
function keepsTo({ from_at: from, to_at: to }: Window, records: readonly ParsedRecord[]): boolean {
  const isOutside = ({ createdAt }: ParsedRecord) =>
    createdAt !== undefined &&
    ((from !== null && createdAt < from.getTime() - TOLERANCE_MS) ||
      (to !== null && createdAt > to.getTime() + TOLERANCE_MS));
  return !records.some(isOutside);
}

/** Newest first? The order of a list is checked, never trusted. */
function orderOf(records: readonly ParsedRecord[]): Pick<PageEntry, 'in_order' | 'newest_at' | 'oldest_at'> {
  const times = records.flatMap(({ createdAt }) => createdAt ?? []);
  if (times.length === 0) return { in_order: null, newest_at: null, oldest_at: null };
  return {
    in_order: times.every((time, i) => i === 0 || time <= (times[i - 1] ?? time)),
    newest_at: new Date(Math.max(...times)),
    oldest_at: new Date(Math.min(...times)),
  };
}
