// Promise: a process takes a known number of connections. With fewer it ends with 1 and says so in one sentence; with as
// many it works, and is never refused one.
import postgres from 'postgres';
import { expect, test } from 'vitest';
import { openDatabase } from '../../src/db/database.js';
import { openSimulator } from '../../src/simulator/index.js';
import { startCli } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import { createRole } from '../support/limited-role.js';
import { describeQueue } from '../support/needs.js';
import { until } from '../support/until.js';

const REFUSED = /too many connections|remaining connection slots/;

describeQueue(({ env }) => {
  const beside = env.REDIS_URL === undefined ? 9 : 2;
  const needed = 8 + beside;

  const open = async (limit: number) => {
    const simulator = await openSimulator({ sizes: { orders: 40 }, rate: 'unlimited' });
    const database = await createDatabase();
    const role = await createRole(database, { limit });
    const settings = {
      HIVE_API_KEY: simulator.apiKey,
      HIVE_API_URL: simulator.url,
      DATABASE_URL: role.url,
      SYNC_INCREMENTAL_EVERY: '1s',
      ...env,
    };
    return { simulator, database, role, settings };
  };
  /** Owned by nobody who is counted. */
  const runsIn = async (url: string): Promise<number> => {
    const { db, close } = await openDatabase(url, { connections: 1 });
    const rows = await db.execute("select from sync.runs where state = 'complete'");
    await close();
    return rows.length;
  };

  test('a role with 2 to 20: below its number it ends, from it on it works', async () => {
    const { simulator, database, role, settings } = await open(2);
    const all = Array.from({ length: 19 }, (_, i) => i + 2);
    const some = process.env.SOAK === undefined ? [2, needed - 1, needed, 20] : all;
    for (const limit of some) {
      await role.setLimit(limit);
      const before = await runsIn(database);
      const at = performance.now();
      const worker = startCli(['worker'], settings);
      if (limit >= needed) {
        await until(`with ${limit} a run is complete`, async () => (await runsIn(database)) >= before + 2);
        worker.kill('SIGTERM');
      }
      const { code, stderr } = await worker.ended;
      console.log(
        `${limit}: exit ${code} after ${Math.round(performance.now() - at)} ms, ${stderr.split('\n').length} lines`,
      );
      expect(stderr).not.toMatch(REFUSED);
      if (limit >= needed) {
        expect(code, stderr).toBe(0);
      } else {
        expect(code, stderr).toBe(1);
        expect(stderr.trim().split('\n')).toHaveLength(1);
        expect(stderr).toContain(
          `number of connections: a process takes ${needed} (DATABASE_POOL=8 and ${beside} more), and the role "${role.name}" has ${limit}. `,
        );
      }
    }
    await simulator.close();
  }, 600_000);

  test('the smallest pool that is told of, for a command', async () => {
    const { simulator, role, settings } = await open(beside + 1);
    const sync = (pool: number) => startCli(['sync'], { ...settings, DATABASE_POOL: String(pool) }).ended;
    const refused = await sync(2);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain(
      `and the role "${role.name}" has ${beside + 1}. Either set DATABASE_POOL=1, or run: `,
    );
    const ended = await sync(1);
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    expect(ended.stderr).not.toMatch(REFUSED);
    await simulator.close();
  });

  test('others have taken them: the worker waits, says so in few lines, ends on SIGTERM, and works when they are back', async () => {
    const { simulator, database, role, settings } = await open(20);
    const others = Array.from({ length: 19 }, () => postgres(role.url, { max: 1, onnotice: () => {} }));
    await Promise.all(others.map((other) => other`select 1`));
    const first = startCli(['worker'], settings);
    await until('it says what it waits for', () => /waiting for a server/.test(first.output().stderr));
    first.kill('SIGTERM');
    expect(await first.ended).toMatchObject({ code: 0 });
    const second = startCli(['worker'], settings);
    // Ten seconds, in which it wrote more than a million lines.
    await until('equal lines are folded', () => /"msg":"waiting for a server","times":\d/.test(second.output().stderr));
    expect(second.output().stderr).toMatch(/20, and 19 are in use by others: 1 are left, too few to work with/);
    expect(second.output().stderr.split('\n').length).toBeLessThan(10);
    await Promise.all(others.map((other) => other.end()));
    await until('a run is complete', async () => (await runsIn(database)) > 0);
    second.kill('SIGTERM');
    expect(await second.ended).toMatchObject({ code: 0 });
    await simulator.close();
  });
});
