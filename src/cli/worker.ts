// hive-sync worker: the long-running service.
import { openApp } from '../app.js';
import { readConfig } from '../config.js';
import { openLog } from '../log.js';
import { setSchedule } from '../queue/schedule.js';
import type { Io } from './io.js';

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
    log.info({ accounts: app.accounts.length, queue: app.backend.kind }, 'worker is up');
    await new Promise<void>((resolve) => {
      if (io.signal.aborted) resolve();
      io.signal.addEventListener('abort', () => resolve(), { once: true });
    });
    log.info('worker is stopping: what waits is given back, what is being written is finished');
    await Promise.all(workers.map((worker) => worker.close()));
    return 0;
  } finally {
    await app.close();
  }
}
