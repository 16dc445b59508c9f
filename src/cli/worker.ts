// hive-sync worker: the long-running service.
import { openApp } from '../app.js';
import { readConfig } from '../config.js';
import { openLog } from '../log.js';
import { keepSchedule, setSchedule } from '../queue/schedule.js';
import type { Io } from './io.js';
import { untilAborted } from './until-aborted.js';

/** @returns 0 after SIGTERM or Ctrl-C: that is how a service ends */
export async function workerCommand(io: Io): Promise<number> {
  const config = readConfig(io.env);
  const log = openLog(config.logLevel, io.stderr);
  const app = await openApp(config, { log, version: io.version });
  try {
    const workers = app.accounts.map((account) => account.work());
    for (const account of app.accounts) {
      await account.budget.probe();
      await setSchedule(account.queue.queue, config.schedule);
    }
    const keeping = app.accounts.map(({ queue, context }) =>
      keepSchedule(queue.queue, config.schedule, { signal: io.signal, log: context.log }),
    );
    log.info({ accounts: app.accounts.length, queue: app.backend.kind }, 'worker is up');
    await untilAborted(io.signal);
    log.info('worker is stopping: what waits is given back, what is being written is finished');
    await Promise.all(workers.map((worker) => worker.close()));
    await Promise.all(keeping);
    return 0;
  } finally {
    await app.close();
  }
}
