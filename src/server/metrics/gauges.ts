// What the database and the queue know, as gauges: read when somebody asks, at most every few seconds. All workers tell
// the same about them.
import { Gauge } from 'prom-client';
import { countLosses } from '../../db/losses.js';
import { readBudgetStatus } from '../../db/status.js';
import { readVitals } from '../../db/vitals.js';
import { describe } from '../../errors.js';
import { within } from '../../within.js';
import type { ServerAccount, ServerParts } from '../parts.js';

const FRESH_MS = 5_000;
const PATIENCE_MS = 3_000;

/** Never is infinitely long ago. */
const inSeconds = (ageMs: number | null | undefined): number =>
  ageMs == null ? Number.POSITIVE_INFINITY : ageMs / 1_000;

/** @returns brings the gauges up to date; never fails, since what the process counts is of use without them */
export function openGauges({ metrics, accounts, store, config, log }: ServerParts): () => Promise<void> {
  const registers = [metrics.registry];
  const gauge = (name: string, help: string, ...labelNames: string[]) =>
    new Gauge({ name: `hive_sync_${name}`, help, labelNames: ['account', ...labelNames], registers });
  const all = {
    used: gauge('budget_used', 'Requests in the rate window that ends now, of all processes.'),
    limit: gauge('budget_limit', 'Requests that the rate window may hold.'),
    others: gauge('budget_used_by_others', 'Requests of the window that others seem to make with the same key.'),
    blocked: gauge('budget_blocked_seconds', 'Seconds until requests may be sent again after a 429; 0 = now.'),
    halted: gauge('account_halted', '1 = the API refused the key twice; each new run tries with one request.'),
    certifiedAge: gauge(
      'certified_age_seconds',
      'Age of the last proof over the whole list: deletions and back-dated records are true as of then; +Inf = never.',
      'collection',
    ),
    newRecordsAge: gauge(
      'new_records_age_seconds',
      'Age of the instant up to which new records are in the tables; +Inf = never.',
      'collection',
    ),
    openRecordsAge: gauge(
      'open_records_age_seconds',
      'Age of the instant as of which all open records were looked at; +Inf = never.',
      'collection',
    ),
    apiCount: gauge(
      'api_records',
      "Records by the API's own count when it last said one; none = it never did.",
      'collection',
    ),
    apiCountAge: gauge('api_records_age_seconds', 'How long ago it was asked for that count.', 'collection'),
    missing: gauge(
      'missing_records',
      "The API's count less our own when they were compared; negative = too many rows; none = not compared.",
      'collection',
    ),
    lost: gauge(
      'rows_with_lost_values',
      'Rows that hold an older value, or none, in a column: what the API gave could not be read.',
      'collection',
    ),
    letters: gauge('dead_letters_open', 'Dead letters that are open.', 'collection', 'kind'),
    running: gauge('runs_running', 'Runs under way.', 'mode'),
    lastComplete: gauge(
      'last_complete_run_timestamp_seconds',
      'When the last complete run of a mode ended; 0 = none is on file.',
      'mode',
    ),
    lastFailed: gauge(
      'last_failed_run_timestamp_seconds',
      'When the last failed run of a mode ended; 0 = none is on file.',
      'mode',
    ),
    incomplete: gauge(
      'runs_incomplete_in_a_row',
      'Runs of a mode that ended incomplete since the last complete one; up to 100.',
      'mode',
    ),
    queue: gauge('queue_jobs', 'Jobs in the queue, by state.', 'state'),
  };
  const up = new Gauge({ name: 'hive_sync_database_up', help: '1 = the database answers.', registers });

  async function readDatabase({ account: { label: account }, context }: ServerAccount): Promise<void> {
    const [vitals, budget] = await Promise.all([
      readVitals(store.db, account),
      readBudgetStatus(store.db, account, config.rate),
    ]);
    all.used.set({ account }, budget.used);
    all.limit.set({ account }, budget.limit);
    all.others.set({ account }, budget.others);
    all.blocked.set({ account }, Math.max(0, ((budget.blockedUntil?.getTime() ?? 0) - Date.now()) / 1_000));
    all.halted.set({ account }, budget.haltedAt === null ? 0 : 1);
    for (const { name: collection } of context.collections) {
      const proof = vitals.proofs.get(collection);
      all.certifiedAge.set({ account, collection }, inSeconds(proof?.certifiedAgeMs));
      all.newRecordsAge.set({ account, collection }, inSeconds(proof?.newRecordsAgeMs));
      all.openRecordsAge.set({ account, collection }, inSeconds(proof?.openRecordsAgeMs));
      if (proof?.apiCount != null) {
        all.apiCount.set({ account, collection }, proof.apiCount);
        all.apiCountAge.set({ account, collection }, inSeconds(proof.apiCountAgeMs));
      }
      if (proof?.missing != null) all.missing.set({ account, collection }, proof.missing);
      all.letters.set({ account, collection, kind: 'record' }, 0);
      all.letters.set({ account, collection, kind: 'request' }, 0);
    }
    for (const collection of context.collections) {
      all.lost.set({ account, collection: collection.name }, await countLosses(store.db, account, collection));
    }
    for (const { collection, kind, count } of vitals.openDeadLetters) {
      all.letters.set({ account, collection, kind }, count);
    }
    for (const mode of ['incremental', 'full', 'backfill']) {
      all.running.set({ account, mode }, vitals.running.get(mode) ?? 0);
    }
    // A series that is not there fires no alert: 0 = never.
    for (const mode of ['incremental', 'full']) all.lastComplete.set({ account, mode }, 0);
    for (const [mode, n] of vitals.incompleteInARow) {
      all.incomplete.set({ account, mode }, n);
      all.lastFailed.set({ account, mode }, (vitals.lastFailed.get(mode)?.getTime() ?? 0) / 1_000);
    }
    for (const [mode, at] of vitals.lastComplete) all.lastComplete.set({ account, mode }, at.getTime() / 1_000);
  }

  async function readQueue({ account, queue }: ServerAccount): Promise<void> {
    const counts = await queue.queue.getJobCounts();
    for (const [state, n] of Object.entries(counts)) all.queue.set({ account: account.label, state }, n);
  }

  async function read(): Promise<void> {
    // What is not known any more is not told.
    for (const one of Object.values(all)) one.reset();
    const attempt = async (what: string, act: () => Promise<unknown>): Promise<boolean> => {
      try {
        await within(PATIENCE_MS, act());
        return true;
      } catch (error) {
        log.warn({ problem: describe(error) }, `metrics without ${what}`);
        return false;
      }
    };
    const [isUp] = await Promise.all([
      attempt('the database', () => Promise.all(accounts.map(readDatabase))),
      attempt('the queue', () => Promise.all(accounts.map(readQueue))),
    ]);
    up.set(isUp ? 1 : 0);
  }

  let last: { at: number; reading: Promise<void> } | undefined;
  return () => {
    if (last === undefined || performance.now() - last.at > FRESH_MS) last = { at: performance.now(), reading: read() };
    return last.reading;
  };
}
