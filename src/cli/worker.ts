// hive-sync worker: the long-running service.
import { type App, openApp } from '../app.js';
import { type Config, readConfig } from '../config.js';
import { untilThere } from '../db/until-there.js';
import { isAbort } from '../errors.js';
import { type Logger, openLog } from '../log.js';
import { removeGoneSchedules } from '../queue/gone-accounts.js';
import { keepSchedule, setSchedule } from '../queue/schedule.js';
import { openMetrics } from '../server/metrics/metrics.js';
import { openServer, type Server } from '../server/server.js';
import type { Io } from './io.js';
import { untilAborted } from './until-aborted.js';

/** @returns 0 after SIGTERM or Ctrl-C: that is how a service ends */
export async function workerCommand(io: Io): Promise<number> {
  const config = readConfig(io.env);
  const log = openLog(config.logLevel, io.stderr);
  const metrics = openMetrics(io.version);
  const { signal } = io;
  const app = await unlessStopped(
    signal,
    openApp(config, { log, observerOf: metrics.observerOf, version: io.version, waiting: signal }),
  );
  if (app === undefined) return 0;
  let server: Server | undefined;
  try {
    server = await openServer({ ...app, config, log, version: io.version, metrics });
    const labels = app.accounts.map(({ account }) => account.label);
    // BullMQ waits by itself for a Redis that has gone again, and would not hear the signal.
    const preparing = untilThere(() => prepare(app, config, log), { log, signal });
    await unlessStopped(signal, Promise.race([preparing, untilAborted(signal)]));
    if (signal.aborted) return 0;
    const workers = app.accounts.map((account) => account.work());
    const keeping = app.accounts.map(({ queue, context }) =>
      keepSchedule(queue.queue, config.schedule, { signal, log: context.log }),
    );
    log.info({ accounts: labels, queue: app.backend.kind }, 'worker is up');
    await untilAborted(signal);
    log.info('worker is stopping: what waits is given back, what is being written is finished');
    await Promise.all(workers.map((worker) => worker.close()));
    await Promise.all(keeping);
    return 0;
  } finally {
    await server?.close();
    await app.close();
  }
}

/** What has to be in order before jobs are taken. */
async function prepare({ backend, store, accounts }: App, config: Config, log: Logger): Promise<void> {
  const labels = accounts.map(({ account }) => account.label);
  await removeGoneSchedules({ backend, db: store.db, log }, labels);
  for (const { budget } of accounts) await budget.probe();
  // Else a full run that was missed would be taken from the old schedule and caught up as well.
  for (const { queue } of accounts) await setSchedule(queue.queue, config.schedule);
}

/** @returns undefined when the worker was told to stop while it waited for its servers */
async function unlessStopped<T>(signal: AbortSignal, waiting: Promise<T>): Promise<T | undefined> {
  try {
    return await waiting;
  } catch (error) {
    if (isAbort(error) && signal.aborted) return undefined;
    throw error;
  }
}
