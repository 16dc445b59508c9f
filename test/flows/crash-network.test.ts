// Promise: an API that cannot be reached for a while costs time; the run ends certified without help.
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { openDatabase } from '../../src/db/database.js';
import { openSimulator } from '../../src/simulator/index.js';
import { oneBackend, startCli } from '../support/cli.js';
import { environment, PAGES, sixtyPages } from '../support/crash.js';
import { createDatabase } from '../support/database.js';
import { freePort } from '../support/servers.js';
import { expectTablesToEqualTruth } from '../support/truth.js';
import { until } from '../support/until.js';

/** Ten tries, 100 ms doubling to 6 s: about 25 s, so that an outage of some seconds is outlasted. */
const patience = { SYNC_PAGE_ATTEMPTS: '10', SYNC_RETRY_BASE_MS: '100' };
const AWAY_MS = 4_000;

/** Pages that were read in later passes. */
async function readAgain(url: string): Promise<number> {
  const { db, close } = await openDatabase(url, { connections: 1 });
  const [row] = await db.execute<{ n: number }>(sql`select count(*)::int as n from sync.pages where pass > 1`);
  await close();
  return row?.n ?? 0;
}

describe.each(oneBackend())('queue on $name', ({ name, env: backend }) => {
  test.each(process.env.SOAK === undefined ? [25] : [1, 25, 55])(
    'the network is lost at request %i and returns: exit 0 and every order',
    async (n) => {
      const options = { ...sixtyPages, port: await freePort() };
      const before = await openSimulator(options);
      const url = await createDatabase();
      const sync = startCli(['sync', 'orders'], { ...environment(before, url), ...patience, ...backend });
      await until(`request ${n}`, () => before.requests.length >= n);
      await before.close();
      // The outage itself: nothing is waited for.
      await sleep(AWAY_MS);
      const after = await openSimulator(options);
      const startedAt = performance.now();
      const ended = await sync.ended;
      expect(ended, ended.stderr).toMatchObject({ code: 0 });
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
      // An outage is a pause: the pages around it are read once more on purpose.
      const twice = before.requests.length + after.requests.length - PAGES - (await readAgain(url));
      console.log(`${name}, network lost at request ${n}: ${twice} asked twice, ended after ${seconds} s`);
      await expectTablesToEqualTruth(url, after, ['orders']);
      // Those under way when it is lost, and those that are let in while it goes.
      expect(twice).toBeLessThanOrEqual(2 * 4);
      await after.close();
    },
  );
});
