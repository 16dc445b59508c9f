// A job goes into a queue of its own and out again, made as all jobs are. That uses what BullMQ uses: scripts, keys, rights.
import { randomUUID } from 'node:crypto';
import { describe } from '../../errors.js';
import type { Finding } from '../../finding.js';
import { isServiceAway } from '../../service-trouble.js';
import type { Backend } from '../backend.js';
import { jobOf } from '../jobs.js';
import { refused } from './refusals.js';

const ABOUT = 'jobs';

/** @returns one finding, never throws; it may hang as long as its server does not answer */
export async function checkJob(backend: Pick<Backend, 'openQueue'>, attempts: number): Promise<Finding> {
  const queue = backend.openQueue(`check-${randomUUID()}`);
  queue.on('error', () => {}); // it shows in the statement that is under way
  try {
    const { name, data, opts } = jobOf({ deliveryId: 0, priority: 1 }, attempts);
    const job = await queue.add(name, data, opts);
    await job.remove();
    await queue.obliterate({ force: true });
    return { level: 'well', about: ABOUT, sentence: 'added and removed' };
  } catch (error) {
    return (
      refused(ABOUT, error) ?? {
        level: 'stop',
        about: ABOUT,
        sentence: `none can be added and removed: ${describe(error)}. Look at the server of the queue.`,
        mayPass: isServiceAway(error),
      }
    );
  } finally {
    await queue.close();
  }
}
