// Works the jobs of one account and turns each verdict into what BullMQ understands by it.
import { setTimeout as sleep } from 'node:timers/promises';
import { DelayedError, type Job, RateLimitError, UnrecoverableError } from 'bullmq';
import { closeAll } from '../closing.js';
import { endedOf } from '../db/ledger.js';
import type { Lookout } from '../db/lookout.js';
import { letGo, type Retention } from '../db/retention.js';
import { describe } from '../errors.js';
import type { Outage } from '../hive/outage.js';
import type { Rounds } from '../rounds.js';
import { isBusy, isFromPostgres, isServiceAway } from '../service-trouble.js';
import { refusedByPostgres, standstill } from '../standstill.js';
import type { LookupTask, PageTask, SyncContext, WebhookTask } from '../sync/context.js';
import { heal } from '../sync/heal.js';
import { haltAccount, rejectPage } from '../sync/letters/reject-page.js';
import { syncPage } from '../sync/reading/sync-page.js';
import { rejectRecord, syncRecord } from '../sync/reading/sync-record.js';
import { startScheduled } from '../sync/runs/start-scheduled.js';
import { type Verdict, verdictOn } from '../sync/verdict.js';
import { takeInWebhooks } from '../sync/webhooks/take-in-webhook.js';
import type { Backend, TaskQueue } from './backend.js';
import { refusalIn } from './checks/refusals.js';
import { isLookupTask, isPageTask, isStartTask, type StartTask, startAgain, type Task } from './jobs.js';
import { LONGEST_WAIT_MS } from './patient-worker.js';

export interface WorkerSettings {
  readonly queueName: string;
  /** Pages in flight. */
  readonly concurrency: number;
  readonly retryBaseMs: number;
  readonly retention: Retention;
  readonly lookout: Lookout;
  readonly outage: Outage;
  /** Accounts that this process works. */
  readonly accounts: number;
  readonly rounds: Rounds;
}

export interface AccountWorker {
  /** Gives back what waits for a slot, lets commits finish, and leaves. */
  close(): Promise<void>;
}

/**
 * A killed worker's jobs return after at most the sum of the two, and a short sync that is called again waits for them.
 * Shorter locks would cost more renewals and take pages from a worker that only stumbled; such a page costs a second
 * request, nothing else.
 */
const LOCK_MS = 5_000;
const STALLED_CHECK_MS = 2_000;
/** With many accounts they are looked for less often, so that no more than 25 accounts a second are. */
const STALLED_CHECK_PER_ACCOUNT_MS = 40;
/** How long a worker waits before it looks again for a queue server that went away. BullMQ's own 15 s idle too long. */
const QUEUE_RETRY_MS = 1_000;
/** A page that is being written is done long before; what has not ended by then waits for a server that has gone. */
const CLOSE_MS = 6_000;
/** How often lost work is looked for. */
const HEAL_MS = 3_000;
/** How often what is old is let go. */
const PRUNE_MS = 10 * 60_000;
/** Between two turns that take webhooks in, where they do not cease: pages go first then. */
const WEBHOOKS_AGAIN_MS = 300;
/** A run that is due can wait for a database that is away. */
const START_AGAIN_MS = 5_000;

/** Thrown for a retry, so that the backoff strategy finds the delay that the verdict chose. */
class RetryLater extends Error {
  override readonly name = 'RetryLater';
  constructor(
    readonly afterMs: number,
    message: string,
  ) {
    super(message);
  }
}

export function openWorker(
  backend: Backend,
  queue: TaskQueue,
  context: SyncContext,
  { queueName, concurrency, retryBaseMs, retention, lookout, outage, accounts, rounds }: WorkerSettings,
): AccountWorker {
  const stopping = new AbortController();
  const { log } = context;
  /** Not before that is it the turn of webhooks again, as performance.now() tells it. */
  let webhooksAt = 0;

  async function process(job: Job<Task>, token?: string, cancelled?: AbortSignal): Promise<void> {
    const signal = cancelled === undefined ? stopping.signal : AbortSignal.any([stopping.signal, cancelled]);
    const task = job.data;
    if (isStartTask(task)) return startDue(job, task, token);
    try {
      if (isPageTask(task) || isLookupTask(task)) await outage.pass(signal);
      if (isPageTask(task)) await syncPage(context, task, signal);
      else if (isLookupTask(task)) await syncRecord(context, task, signal);
      else await takeTurn(job, token);
    } catch (error) {
      if (error instanceof DelayedError) throw error;
      const attempt = {
        number: job.attemptsMade + 1,
        of: job.opts.attempts ?? 1,
        baseMs: retryBaseMs,
        random: Math.random(),
      };
      const isLast = attempt.number >= attempt.of;
      const trouble = (await outage.explain(error, isLast, signal).catch((thrown: unknown) => thrown)) ?? error;
      await carryOut(job, task, token, trouble, verdictOn(trouble, attempt), attempt.number);
    }
  }

  /** Takes webhooks in, unless pages have their turn. */
  async function takeTurn(job: Job<Task>, token: string | undefined): Promise<void> {
    const pauseMs = webhooksAt - performance.now();
    if (pauseMs > 0) return snooze(job, token, Math.ceil(pauseMs));
    if (await takeInWebhooks(context)) return;
    webhooksAt = performance.now() + WEBHOOKS_AGAIN_MS;
    await snooze(job, token, WEBHOOKS_AGAIN_MS);
  }

  /** A run that is due is started when that works again: one of its mode, however many were due meanwhile. */
  async function startDue(job: Job<Task>, task: StartTask, token: string | undefined): Promise<void> {
    try {
      await startScheduled(context, task.mode);
    } catch (error) {
      if (!stopping.signal.aborted) {
        log[isServiceAway(error) ? 'warn' : 'error'](
          { mode: task.mode, problem: describe(error) },
          'a run that is due could not be started, trying again',
        );
      }
      const again = startAgain(task, START_AGAIN_MS);
      if (job.id === again.opts.jobId) return snooze(job, token, START_AGAIN_MS);
      await queue.add(again.name, again.data, again.opts);
    }
  }

  async function snooze(job: Job<Task>, token: string | undefined, ms: number): Promise<never> {
    await job.moveToDelayed(Date.now() + ms, token);
    throw new DelayedError();
  }

  async function carryOut(
    job: Job<Task>,
    task: PageTask | LookupTask | WebhookTask,
    token: string | undefined,
    error: unknown,
    verdict: Verdict,
    attempt: number,
  ): Promise<void> {
    const message = describe(error);
    if (verdict.do !== 'halt' && !stopping.signal.aborted) {
      log.debug({ job: job.id, verdict: verdict.do, attempt, problem: message }, 'attempt did not succeed');
    }
    if (verdict.do === 'retry' ? isFromPostgres(error) : verdict.do === 'snooze' && isBusy(error)) {
      refusedByPostgres(error);
    }
    switch (verdict.do) {
      case 'retry':
        throw new RetryLater(verdict.afterMs, message);
      case 'snooze':
        if (verdict.everyone) {
          await queue.rateLimit(verdict.afterMs);
          throw new RateLimitError();
        }
        return snooze(job, token, verdict.afterMs);
      case 'reject':
        if (isPageTask(task)) await rejectPage(context, task, error, verdict, attempt);
        else if (isLookupTask(task)) await rejectRecord(context, task, error, verdict, attempt);
        throw new UnrecoverableError(message);
      case 'halt':
        await haltAccount(context, verdict.because);
        throw new UnrecoverableError(message);
    }
  }

  const loops = {
    queue: rounds.open('queue', context.account, LONGEST_WAIT_MS),
    watch: rounds.open('watch', context.account, HEAL_MS),
  };
  const options = {
    concurrency,
    lockDuration: LOCK_MS,
    stalledInterval: Math.max(STALLED_CHECK_MS, STALLED_CHECK_PER_ACCOUNT_MS * accounts),
    runRetryDelay: QUEUE_RETRY_MS,
    // A page is cheap to repeat and the ledger knows whether it must be; a limit here would only lose it.
    maxStalledCount: 1_000,
    settings: {
      backoffStrategy: (_attempts: number, _type?: string, error?: Error) =>
        error instanceof RetryLater ? error.afterMs : retryBaseMs,
    },
  };
  const worker = backend.openWorker(queueName, process, options, loops.queue.came);
  worker.on('error', (error) => {
    log.warn({ problem: describe(error) }, 'queue trouble, going on');
    const refusal = refusalIn(error);
    if (refusal !== undefined) standstill(`The queue takes no jobs: ${refusal.sentence}`);
  });

  const healing = (async () => {
    let pruneAt = 0;
    while (!stopping.signal.aborted) {
      try {
        await context.claims.standBy();
        if (await lookout.hasWork(context.account)) await heal(context);
        else await context.claims.refresh((ids) => endedOf(context.db, ids));
        if (performance.now() >= pruneAt) {
          await letGo(context.db, context.account, retention);
          pruneAt = performance.now() + aboutMs(PRUNE_MS);
        }
        loops.watch.came();
      } catch (error) {
        log.warn({ problem: describe(error) }, 'could not look for lost work, trying again');
      }
      await sleep(aboutMs(HEAL_MS), undefined, { signal: stopping.signal }).catch(() => {});
    }
  })();

  return {
    async close() {
      stopping.abort();
      for (const loop of Object.values(loops)) loop.end();
      await backend.leave();
      const account = context.account;
      const otherwise = 'other workers, or the next start, go on with its pages';
      await closeAll(log, [
        { part: `worker of account ${account}`, close: () => worker.close(), withinMs: CLOSE_MS, otherwise },
        { part: `watch over the runs of account ${account}`, close: () => healing, withinMs: CLOSE_MS },
      ]);
    },
  };
}

/** A tenth more or less, so that many accounts do not do it all at once. */
const aboutMs = (ms: number): number => ms * (0.9 + Math.random() / 5);
