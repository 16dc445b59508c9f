// hive-sync worker: the long-running service.
import { type App, openApp } from '../app.js';
import { closeAll, unlessStopped } from '../closing.js';
import { type Config, readConfig } from '../config.js';
import { inOneSentence } from '../db/installation.js';
import { keepWriting, WRITE_EVERY_MS } from '../db/keep-writing.js';
import { untilThere } from '../db/until-there.js';
import { describe, isAbort } from '../errors.js';
import { type Logger, openLog } from '../log.js';
import { removeGoneSchedules } from '../queue/gone-accounts.js';
import { keepSchedule, setSchedule } from '../queue/schedule.js';
import type { AccountWorker } from '../queue/worker.js';
import { openMetrics } from '../server/metrics/metrics.js';
import { openServer, type Server } from '../server/server.js';
import { openWhileStarting } from '../server/while-starting.js';
import { onStandstill } from '../standstill.js';
import { unlessLost } from '../store.js';
import type { Io } from './io.js';
import { untilAborted } from './until-aborted.js';

/** @returns 0 after SIGTERM or Ctrl-C, whatever server is away then: that is how a service ends */
export async function workerCommand(io: Io): Promise<number> {
  const config = readConfig(io.env);
  const log = openLog(config.logLevel, io.stderr);
  if (io.exposure !== undefined) log.warn(io.exposure);
  const listened = onStandstill((problem) => log.warn({ problem }, 'work stands still'));
  const metrics = openMetrics(io.version);
  const { signal } = io;
  const starting = await openWhileStarting(config.http, config.http.basePath);
  let app: App | undefined;
  let server: Server | undefined;
  let working: Working = { workers: [], keeping: [] };
  try {
    app = await openApp(config, {
      log,
      observerOf: metrics.observerOf,
      version: io.version,
      signal,
      waits: true,
      checks: true,
      waiting: () =>
        starting.say('The worker is starting: it waits for a lock in the database. Its log says who holds it.'),
      timezoneChanged: (change) => log.warn(change, inOneSentence(change)),
    });
    await starting.close();
    server = await openServer({ ...app, config, log, version: io.version, metrics });
    // BullMQ waits by itself for a Redis that has gone again, and would not hear the signal.
    await unlessLost(app.store, unlessStopped(signal, prepare(app, config, { log, signal })));
    working = work(app, config, { log, signal });
    const labels = app.accounts.map(({ account }) => account.label);
    log.info({ accounts: labels, queue: app.backend.kind }, 'worker is up');
    await unlessLost(app.store, untilAborted(signal));
    log.info('worker is stopping: what waits is given back, what is being written is finished');
  } catch (error) {
    if (!signal.aborted) throw error;
    if (!isAbort(error)) log.warn({ problem: describe(error) }, 'stopped while this was in its way');
  } finally {
    await starting.close();
    await closeAll(log, [
      ...(server === undefined ? [] : [{ part: 'HTTP server', close: server.close, withinMs: SERVER_CLOSES_MS }]),
      ...working.workers.map((worker) => ({ part: 'worker', close: worker.close, withinMs: WORKER_CLOSES_MS })),
      { part: 'schedules', close: () => Promise.all(working.keeping) },
    ]);
    await app?.close();
    listened();
    log.flush();
  }
  return 0;
}

/** Both give up by themselves before that. */
const SERVER_CLOSES_MS = 4_000;
const WORKER_CLOSES_MS = 9_000;

interface Stopping {
  readonly log: Logger;
  readonly signal: AbortSignal;
}

interface Working {
  readonly workers: readonly AccountWorker[];
  readonly keeping: readonly Promise<void>[];
}

function work({ accounts, rounds, store }: App, { schedule }: Config, { log, signal }: Stopping): Working {
  const writing = rounds.open('writing', undefined, WRITE_EVERY_MS);
  return {
    workers: accounts.map((account) => account.work()),
    keeping: [
      keepWriting(store.db, { signal, log, came: writing.came }).finally(writing.end),
      ...accounts.map(({ account: { label }, queue, context }) =>
        keepSchedule(queue.queue, schedule, {
          signal,
          log: context.log,
          accounts: accounts.length,
          open: (everyMs) => rounds.open('schedule', label, everyMs),
        }),
      ),
    ],
  };
}

/** What has to be in order before jobs are taken. */
const prepare = ({ backend, claims, store, accounts }: App, config: Config, { log, signal }: Stopping): Promise<void> =>
  untilThere(
    async () => {
      const labels = accounts.map(({ account }) => account.label);
      await removeGoneSchedules({ backend, claims, db: store.db, log }, labels);
      for (const { budget } of accounts) await budget.probe();
      // Else a full run that was missed would be taken from the old schedule and caught up as well.
      for (const { queue } of accounts) await setSchedule(queue.queue, config.schedule);
    },
    { log, signal },
  );
