// One page: fetch → parse → rows, ledger and dead letters in one transaction → what comes next.
import type { Db } from '../../db/database.js';
import { fileDeadLetters, type NewDeadLetter, supersedeDeadLetters } from '../../db/dead-letters.js';
import type { Window } from '../../db/ledger.js';
import { enterPage, type PageEntry, readWindowForPage } from '../../db/ledger-pages.js';
import { persistently } from '../../db/persistently.js';
import { recordDrift } from '../../db/schema-drift.js';
import { together } from '../../db/together.js';
import type { Answer, Query } from '../../hive/client.js';
import type { Page } from '../../hive/page.js';
import type { Collection } from '../collection.js';
import { collectionOf, type PageTask, type SyncContext } from '../context.js';
import { type ParsedRecord, parseRecord } from '../records/parse.js';
import { REFUSED_CODE, type StoreRecords, sparingOthers } from '../records/store-records.js';
import { askAboutDoubts, weighAnswer } from '../webhooks/webhook-doubts.js';
import { goOn } from './go-on.js';

/** @throws what the client throws; database trouble only after long in-place retries. See verdict.ts */
export async function syncPage(context: SyncContext, task: PageTask, signal?: AbortSignal): Promise<void> {
  const found = await readWindowForPage(context.db, task);
  if (found === undefined || !isCurrent(found.window, task)) return;
  const { window } = found;
  if (found.done) {
    // Committed before, but whoever did that may have died before it could go on.
    await goOn(context, window, task.page, window.page_count);
    return;
  }
  const collection = collectionOf(context, window.collection);
  const beganAt = performance.now();
  const answer = await context.client.list(collection.path, queryOf(window, task.page), signal);
  const { entered, sums, refused, raisesDoubts } = await persistently(
    context,
    () => sparingOthers((store) => storePage(context.db, store, collection, window, task, answer)),
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
  await goOn(context, entered.window, task.page, entered.pageCountBefore);
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
  db: Db,
  store: StoreRecords,
  collection: Collection,
  window: Window,
  task: PageTask,
  answer: Answer<Page>,
) {
  const { body: page, requestedAt, url } = answer;
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
    return [letterAbout({ recordId: id ?? null, errorCode: 'invalid_record', errors, payload }, id ?? hash)];
  });
  const ids = results.flatMap((result) => (result.ok ? [result.record.id] : (result.id ?? [])));
  const entry: PageEntry = {
    window_id: window.id,
    pass: task.pass,
    page: task.page,
    state: 'read',
    page_count: page.pageCount,
    item_count: page.itemCount ?? null,
    items_per_page: page.itemsPerPage ?? null,
    records: results.length,
    ids,
    without_id: results.length - ids.length,
    requested_at: new Date(requestedAt),
    ...orderOf(records),
  };
  return db.transaction(async (tx) => {
    const provenance = { account, requestedAt, source: 'page' as const, runId: window.run_id };
    const { sums, landed, refused } = await store(tx, collection, records, provenance);
    const drift = landed.flatMap((record) => record.drift);
    const refusals = refused.map(({ record: { id: recordId }, problem, payload }) =>
      letterAbout({ recordId, errorCode: REFUSED_CODE, errors: [problem], payload }, recordId),
    );
    const deadLetters = await fileDeadLetters(tx, [...letters, ...refusals]);
    await recordDrift(tx, account, collection.name, drift);
    const [raisesDoubts, entered] = await together([
      weighAnswer(tx, collection, landed, provenance),
      enterPage(tx, entry, { ...sums, deadLetters }),
      supersedeDeadLetters(
        tx,
        account,
        collection.name,
        landed.map(({ id }) => ({ id, at: requestedAt })),
      ),
    ]);
    return { entered, sums, refused, raisesDoubts };
  });
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
