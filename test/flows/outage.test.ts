// Promise: while the API as a whole is down it is asked now and then, no page is given up for that, and the run goes on
// where it was. A page that fails while the API answers is at fault, and is.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import type { FaultRule } from '../../src/simulator/index.js';
import { startCli } from '../support/cli.js';
import { openStage } from '../support/command.js';
import { expectTablesToEqualTruth } from '../support/truth.js';
import { until } from '../support/until.js';

const PAGES = 60;
const sizes = { orders: 20 * PAGES, skus: 0, shipments: 0, returns: 0, restocking_shipments: 0, warehouses: 3 };
/** Fewer tries than any outage has. */
const TRIES = 2;
const everything: FaultRule['match'] = {};
/** Pages that are asked for at once: what fails before it is known that nothing answers. */
const IN_FLIGHT = 8;

const env = { SYNC_PAGE_ATTEMPTS: String(TRIES), SYNC_CONCURRENCY: String(IN_FLIGHT) };

test.each<[what: string, respond: FaultRule['respond']]>([
  ['500', { status: 500 }],
  ['503 with Retry-After', { status: 503, headers: { 'retry-after': '1' } }],
  ['a page of a gateway, with status 200', { html: true, status: 200 }],
  ['lost connections', { cut: 'before-headers' }],
])(
  '%s, whatever is asked for: nothing is given up, few requests are spent, and the run goes on',
  async (_, respond) => {
    const stage = await openStage({ sizes }, env);
    const { simulator } = stage;
    const sync = startCli(['sync', '--full', 'orders'], stage.env);
    await until('half of it is read', () => simulator.stats().requests >= PAGES / 2);
    simulator.addFault({ match: everything, times: null, respond });
    const asked = simulator.stats().requests;
    await until('it is said', () => sync.output().stderr.includes('The API has given no usable answer since'));
    const known = simulator.stats().requests;
    // Each of those under way and one more, and the first question.
    expect(known - asked).toBeLessThanOrEqual(3 * IN_FLIGHT + 2);
    // 50 ms after the first question, then 100, 200, 400, 600: nobody asks for pages between.
    await until('it is asked a few times more', () => simulator.stats().requests >= known + 8);
    const paths = new Set(stage.requestsSince(known + 2).map((path) => path.split('?')[0]));
    expect(paths.size).toBeGreaterThan(2);
    simulator.clearFaults();
    const { code, stderr } = await sync.ended;
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('The API answers again, going on.');
    expect(await stage.letters()).toEqual([]);
    await expectTablesToEqualTruth(stage.url, simulator, ['orders']);
    await simulator.close();
  },
);

test('a command gives up in the end, with exit code 1; what was read is kept, and the next one goes on from there', async () => {
  const stage = await openStage({ sizes }, { ...env, SYNC_OUTAGE_PATIENCE: '1s' });
  const { simulator } = stage;
  const sync = startCli(['sync', '--full', 'orders'], stage.env);
  await until('half of it is read', () => simulator.stats().requests >= PAGES / 2);
  simulator.addFault({ match: everything, times: null, respond: { status: 502 } });
  const { code, stderr } = await sync.ended;
  expect(code, stderr).toBe(1);
  expect(stderr).toMatch(/no usable answer since .*502.*Giving up after 1.0 s: what was read is kept/);
  expect(await stage.letters()).toEqual([]);
  simulator.clearFaults();
  const before = simulator.stats().requests;
  const again = await stage.run('sync', '--full', 'orders');
  expect(again.code, again.stderr).toBe(0);
  expect(again.stderr).toContain('Going on with run 1');
  expect(simulator.stats().requests - before).toBeLessThan(PAGES);
  await expectTablesToEqualTruth(stage.url, simulator, ['orders']);
  await simulator.close();
});

test('an API that refuses every request for its rate is obeyed, and it is said; a command gives up in the end, and nothing is lost', async () => {
  const stage = await openStage({ sizes }, { ...env, SYNC_OUTAGE_PATIENCE: '3s' });
  const { simulator } = stage;
  simulator.addFault({
    match: everything,
    times: null,
    respond: { status: 429, headers: { 'retry-after': '1' } },
  });
  const { code, stderr } = await stage.run('sync', '--full', 'orders');
  expect(code, stderr).toBe(1);
  expect(stderr).toMatch(/no usable answer since .*429.*it is asked now and then/);
  expect(stderr).toMatch(/no usable answer since .*429.*Giving up after 3.0 s: what was read is kept/);
  // Those that were under way at the first refusal, and what a second of Retry-After allows.
  expect(simulator.stats().requests).toBeLessThanOrEqual(6 * IN_FLIGHT);
  expect(await stage.letters()).toEqual([]);
  simulator.clearFaults();
  const again = await stage.run('sync', '--full', 'orders');
  expect(again.code, again.stderr).toBe(0);
  await expectTablesToEqualTruth(stage.url, simulator, ['orders']);
  await simulator.close();
});

test('a pause that the API asks for is waited for, though it is longer than patience', async () => {
  const stage = await openStage({ sizes }, { ...env, SYNC_OUTAGE_PATIENCE: '1s' });
  const { simulator } = stage;
  const respond = { status: 429, headers: { 'retry-after': '4' } };
  simulator.addFault({ match: everything, respond });
  const { code, stderr } = await stage.run('sync', '--full', 'orders');
  expect(code, stderr).toBe(0);
  await simulator.close();
});

test.each<[what: string, match: FaultRule['match'], letters: number]>([
  ['one page', { path: '/orders', page: 5 }, 1],
  [
    'all pages of a list but the first',
    { path: '/orders', page: Array.from({ length: PAGES - 1 }, (_, i) => i + 2) },
    PAGES - 1,
  ],
])('%s of an API that answers: dead letters, and the run ends', async (_, match, letters) => {
  const stage = await openStage({ sizes }, env);
  const { simulator } = stage;
  simulator.addFault({ match, times: null, respond: { status: 500 } });
  const { code, stderr } = await stage.run('sync', '--full', 'orders', 'warehouses');
  expect(code, stderr).toBe(3);
  expect(await stage.letters()).toHaveLength(letters);
  expect(stderr).not.toContain('no usable answer');
  await simulator.close();
});

test('a table that is not there any more fails the run with a sentence, and no page is blamed for it', async () => {
  let onRequest = async () => {};
  const stage = await openStage({ sizes, onRequest: () => onRequest() }, env);
  const { simulator } = stage;
  await stage.run('migrate');
  const renameTo = (from: string, to: string) =>
    stage.inDatabase(({ db }) => db.execute(sql.raw(`alter table hive.${from} rename to ${to}`)));
  onRequest = async () => {
    onRequest = async () => {};
    await renameTo('orders', 'others');
  };
  const { code, stderr } = await stage.run('sync', '--full', 'orders');
  expect(code, stderr).toBe(1);
  expect(stderr).toMatch(/PostgreSQL does not let hive-sync work: .*42P01.*hive-sync doctor/);
  expect(await stage.letters()).toEqual([]);
  await renameTo('others', 'orders');
  const again = await stage.run('sync', '--full', 'orders');
  expect(again.code, again.stderr).toBe(0);
  await expectTablesToEqualTruth(stage.url, simulator, ['orders']);
  await simulator.close();
});
