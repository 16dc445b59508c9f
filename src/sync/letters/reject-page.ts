// A page that cannot be had: a dead letter with what the API said, an entry in the ledger, and the run goes on. And an
// account that cannot go on at all.
import { fileDeadLetters, pageTrouble } from '../../db/dead-letters.js';
import { readClock, runningRuns } from '../../db/ledger.js';
import { enterPage, readWindowForPage } from '../../db/ledger-pages.js';
import { persistently } from '../../db/persistently.js';
import { inLockOrder, transact } from '../../db/transact.js';
import { describe, HiveBodyError, HiveHttpError } from '../../errors.js';
import { collectionOf, type PageTask, type SyncContext } from '../context.js';
import { goOn } from '../reading/go-on.js';
import { isCurrent, queryOf } from '../reading/sync-page.js';
import { errorsOf, storable } from '../records/letter-texts.js';
import { failRun } from '../runs/finish-run.js';
import type { Verdict } from '../verdict.js';

export async function rejectPage(
  context: SyncContext,
  task: PageTask,
  error: unknown,
  verdict: Extract<Verdict, { do: 'reject' }>,
  attempts: number,
): Promise<void> {
  const found = await readWindowForPage(context.db, task);
  if (found === undefined || found.done || !isCurrent(found.window, task)) return;
  const { window } = found;
  const collection = collectionOf(context, window.collection);
  const letter = {
    account: context.account,
    collection: collection.name,
    kind: 'request' as const,
    runId: window.run_id,
    page: task.page,
    url: context.client.urlOf(collection.path, queryOf(window, task.page)),
    recordId: null,
    httpStatus: verdict.httpStatus,
    errorCode: verdict.code,
    errors: errorsOf(error),
    payload: storable(payloadOf(error)),
    attempts,
    // Windows are pinned at another instant in every run; the page of the same list is the same trouble.
    fingerprint: pageTrouble(window.from_at, task.page) + verdict.code,
  };
  const entered = await persistently(context, () =>
    transact(context.db, async (tx) => {
      let deadLetters = 0;
      const { ledger } = await inLockOrder({
        deadLetters: async () => {
          deadLetters = await fileDeadLetters(tx, [letter]);
        },
        ledger: async () => {
          const entry = {
            window_id: window.id,
            pass: task.pass,
            page: task.page,
            state: 'failed',
            requested_at: await readClock(tx),
          };
          const sums = { inserted: 0, updated: 0, unchanged: 0, deadLetters };
          return enterPage(tx, entry, sums, context.pauseMs);
        },
      });
      return ledger;
    }),
  );
  context.log.error(
    { run: window.run_id, window: window.id, page: task.page, code: verdict.code, problem: describe(error) },
    'page became a dead letter',
  );
  if (entered !== undefined) await goOn(context, entered, task.page);
}

/** The start of a body that was not the documented JSON; the documented one is in `errors` already. */
const payloadOf = (error: unknown): unknown =>
  (error instanceof HiveHttpError || error instanceof HiveBodyError) && error.bodyExcerpt !== undefined
    ? { body: error.bodyExcerpt }
    : null;

/** Nothing of the account can work: every run of it ends, loudly, and no more budget is spent. */
export async function haltAccount(context: SyncContext, because: string): Promise<void> {
  for (const run of await runningRuns(context.db, context.account)) await failRun(context, run.id, because);
}
