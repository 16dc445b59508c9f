// hive-sync worker: the long-running service.
import { type App, type AppOptions, openApp } from '../app.js';
import { type Config, readConfig } from '../config.js';
import { isAbort } from '../errors.js';
import { openLog } from '../log.js';
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
  const app = await openUnlessStopped(config, io, { log, observerOf: metrics.observerOf });
  if (app === undefined) return 0;
  let server: Server | undefined;
  try {
    server = await openServer({ ...app, config, log, version: io.version, metrics });
    const labels = app.accounts.map(({ account }) => account.label);
    await removeGoneSchedules({ backend: app.backend, db: app.store.db, log }, labels);
    for (const { budget } of app.accounts) await budget.probe();
    // Before anybody takes jobs, or a full run that was missed would be taken from the old schedule and caught up as well.
    for (const { queue } of app.accounts) await setSchedule(queue.queue, config.schedule);
    const workers = app.accounts.map((account) => account.work());
    const keeping = app.accounts.map(({ queue, context }) =>
      keepSchedule(queue.queue, config.schedule, { signal: io.signal, log: context.log }),
    );
    log.info({ accounts: labels, queue: app.backend.kind }, 'worker is up');
    await untilAborted(io.signal);
    log.info('worker is stopping: what waits is given back, what is being written is finished');
    await Promise.all(workers.map((worker) => worker.close()));
    await Promise.all(keeping);
    return 0;
  } finally {
    await server?.close();
    await app.close();
  }
}

/** Waits for PostgreSQL and Redis. @returns undefined when it was told to stop meanwhile */
async function openUnlessStopped(
  config: Config,
  io: Io,
  options: Pick<AppOptions, 'log' | 'observerOf'>,
): Promise<App | undefined> {
  try {
    return await openApp(config, { ...options, version: io.version, waiting: io.signal });
  } catch (error) {
    if (isAbort(error) && io.signal.aborted) return undefined;
    throw error;
  }
}
