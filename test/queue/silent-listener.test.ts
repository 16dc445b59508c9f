// Promise: a listener whose server is silent is asked once and not again on top of that, and nothing but JSON is logged for it.
import { expect, test } from 'vitest';
import { addressOf } from '../../src/addresses/postgres.js';
import { openPostgresBackend } from '../../src/queue/on-postgres.js';
import { openBlackhole } from '../support/blackhole.js';
import { createDatabase } from '../support/database.js';
import { log } from '../support/log.js';
import { until } from '../support/until.js';

test('what keeps the listener in use does not pile up on a connection that is silent', async () => {
  const way = await openBlackhole(await createDatabase());
  const warnings: string[] = [];
  const hear = ({ name, message }: Error): unknown => warnings.push(`${name}: ${message}`);
  process.on('warning', hear);
  let troubles = 0;
  const counting = {
    ...log,
    warn: () => {
      troubles += 1;
    },
  } as unknown as typeof log;
  const backend = await openPostgresBackend({ ...addressOf(way.url), silenceMs: 300 }, counting);
  const worker = backend.openWorker('silent', async () => {}, {});
  worker.on('error', () => {});
  try {
    await worker.waitUntilReady();
    await new Promise((resolve) => setTimeout(resolve, 500));
    way.swallow();
    await until('the listener is given up', async () => troubles > 0);
    expect(warnings.filter((warning) => warning.startsWith('DeprecationWarning'))).toEqual([]);
  } finally {
    process.off('warning', hear);
    await worker.close(true);
    await backend.close();
    await way.close();
  }
});
