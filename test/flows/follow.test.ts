// Promise: what one process reads already, another follows; no page is asked for twice, and both say how it ended.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { type Started, startCli } from '../support/cli.js';
import { openStage, type Stage } from '../support/command.js';
import { describeQueue } from '../support/needs.js';
import { expectTablesToEqualTruth } from '../support/truth.js';
import { until } from '../support/until.js';

/** 30 pages of orders, 5 of SKUs. */
const sizes = { orders: 600, skus: 100 };
const PAGES = 35;
/** A page that the API does not give for so long is asked for again and again. */
const patient = { SYNC_PAGE_ATTEMPTS: '100', SYNC_RETRY_BASE_MS: '100' };

/** One page of the orders cannot be had until `letGo` is called. */
function held({ simulator }: Stage, page = 5): { letGo: () => void } {
  simulator.addFault({ match: { path: '/orders', page }, times: null, respond: { status: 503 } });
  return { letGo: () => simulator.clearFaults() };
}

/**
 * Requests that were answered with what they asked for, beyond one for each page that the ledger has. While a page cannot be
 * had, the first page of another list tells now and then that the API is not down.
 */
const askedTwice = (stage: Stage): Promise<number> =>
  stage.inDatabase(async ({ db }) => {
    const [entered] = await db.execute<{ n: number }>(sql`select count(*) as n from sync.pages where state = 'read'`);
    expect(entered?.n).toBeGreaterThanOrEqual(PAGES);
    return (
      stage.simulator.requests.filter(({ status, path }) => status === 200 && path !== '/warehouses').length -
      (entered?.n ?? 0)
    );
  });
const quiet = { SYNC_INCREMENTAL_EVERY: 'off', SYNC_FULL_CRON: 'off', LOG_LEVEL: 'info' };

const runsOf = (stage: Stage) =>
  stage.inDatabase(({ db }) =>
    db.execute<{ mode: string; state: string; collections: string[] }>(
      sql`select mode, state, collections from sync.runs order by id`,
    ),
  );

const says = (process: Started, what: string | RegExp) =>
  until(`it says ${what}`, () => {
    const { stdout, stderr } = process.output();
    return typeof what === 'string' ? (stdout + stderr).includes(what) : what.test(stdout + stderr);
  }).catch((error) => {
    throw new Error(process.output().stderr, { cause: error });
  });

const pagesAreUnderWay = (stage: Stage) => until('pages are under way', () => stage.simulator.stats().requests >= 3);

describeQueue(({ env }) => {
  test('two commands in the same moment: one run, one exit code, no page twice', async () => {
    const stage = await openStage({ sizes }, { ...env, ...patient });
    const { letGo } = held(stage);
    const both = [1, 2].map(() => startCli(['sync', 'orders', 'skus'], stage.env));
    await until('one follows the other', () =>
      both.some((one) => one.output().stderr.includes('going in another process already')),
    );
    letGo();
    const ended = await Promise.all(both.map((one) => one.ended));
    for (const one of ended) {
      expect(one, one.stderr).toMatchObject({ code: 0 });
      expect(one.stdout).toContain('Run 1 (full) is complete');
    }
    expect(ended.filter(({ stderr }) => stderr.includes('going in another process already'))).toHaveLength(1);
    expect(await askedTwice(stage)).toBe(0);
    expect(await runsOf(stage)).toMatchObject([{ mode: 'full', state: 'complete' }]);
    await stage.simulator.close();
  });

  test('a run that a worker reads is followed to its end; what it leaves over is read then; --no-follow only says so', async () => {
    const stage = await openStage({ sizes }, { ...env, ...patient });
    const { letGo } = held(stage);
    const worker = startCli(['worker'], { ...stage.env, ...quiet });
    await says(worker, /"url":"http:[^"]+"/);
    const [, url = ''] = /"url":"(http:[^"]+)"/.exec(worker.output().stderr) ?? [];
    const filed = await fetch(`${url}/api/runs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ mode: 'full', collections: ['orders'] }),
    });
    expect(filed.status).toBeLessThan(300);
    await pagesAreUnderWay(stage);

    const refused = await stage.run('sync', 'orders', '--no-follow');
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toContain('still going: run 1');

    const follower = startCli(['sync', 'orders', 'skus'], stage.env);
    await says(follower, 'following it');
    letGo();
    const ended = await follower.ended;
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    expect(ended.stderr).toContain('Run 1 (full) is going in another process already: following it.');
    expect(ended.stderr).toContain('It does not read skus: that follows when it has ended.');
    expect(ended.stdout).toMatch(/Run 1 \(full\) is complete[\s\S]*Run 2 \(full\) is complete/);
    expect(await runsOf(stage)).toMatchObject([
      { mode: 'full', state: 'complete', collections: ['orders'] },
      { mode: 'full', state: 'complete', collections: ['skus'] },
    ]);
    expect(await askedTwice(stage)).toBe(0);
    worker.kill('SIGTERM');
    expect(await worker.ended).toMatchObject({ code: 0 });
    await expectTablesToEqualTruth(stage.url, stage.simulator, ['orders', 'skus']);
    await stage.simulator.close();
  });

  test('Ctrl-C of a follower says that the run goes on elsewhere; when its process dies, a follower goes on with it', async () => {
    const stage = await openStage({ sizes }, { ...env, ...patient });
    const { letGo } = held(stage);
    const first = startCli(['sync', 'orders', 'skus'], stage.env);
    await pagesAreUnderWay(stage);
    const [leaves, stays] = [1, 2].map(() => startCli(['sync', 'orders', 'skus'], stage.env)) as [Started, Started];
    await Promise.all([leaves, stays].map((one) => says(one, 'following it')));
    leaves.kill('SIGINT');
    const left = await leaves.ended;
    expect(left).toMatchObject({ code: 130 });
    expect(left.stderr).toContain('Run 1 goes on in another process.');
    first.kill('SIGKILL');
    await says(stays, 'The process behind run 1 is gone, going on with it here.');
    letGo();
    const ended = await stays.ended;
    expect(ended, ended.stderr).toMatchObject({ code: 0 });
    expect(await runsOf(stage)).toMatchObject([{ mode: 'full', state: 'complete' }]);
    await expectTablesToEqualTruth(stage.url, stage.simulator, ['orders', 'skus']);
    await stage.simulator.close();
  });

  test('a backfill of the same range is followed, one of another range is not', async () => {
    const stage = await openStage({ sizes: { orders: 600 } }, { ...env, ...patient });
    const { letGo } = held(stage, 2);
    const range = ['--from', '2020-01-01'];
    const first = startCli(['backfill', 'orders', ...range], stage.env);
    await pagesAreUnderWay(stage);
    const [same, other] = [range, ['--from', '2020-01-01', '--to', '2020-02-01']].map((dates) =>
      startCli(['backfill', 'orders', ...dates], stage.env),
    ) as [Started, Started];
    expect(await other.ended).toMatchObject({ code: 0 });
    await says(same, 'Run 1 (backfill) is going in another process already: following it.');
    letGo();
    for (const one of [first, same]) {
      const ended = await one.ended;
      expect(ended, ended.stderr).toMatchObject({ code: 0 });
    }
    expect(other.output().stderr).not.toContain('following');
    expect(await runsOf(stage)).toHaveLength(2);
    await stage.simulator.close();
  });
});

test('a run that was left behind more than five minutes ago is ended, and an incremental one follows', async () => {
  const stage = await openStage({ sizes }, patient);
  const { letGo } = held(stage);
  const first = startCli(['sync', 'orders', 'skus'], stage.env);
  await pagesAreUnderWay(stage);
  first.kill('SIGKILL');
  await first.ended;
  letGo();
  await stage.inDatabase(({ db }) =>
    db.execute(sql`update sync.runs set started_at = started_at - interval '6 minutes'`),
  );
  const ended = await stage.run('sync', 'orders', 'skus');
  expect(ended, ended.stderr).toMatchObject({ code: 0 });
  expect(ended.stderr).toMatch(/Going on with run 1, which was interrupted: .* It began 6 min/);
  expect(ended.stderr).toContain('What is new since then follows, in an incremental run: skus, orders.');
  expect(await runsOf(stage)).toMatchObject([
    { mode: 'full', state: 'complete' },
    { mode: 'incremental', state: 'complete' },
  ]);
  await stage.simulator.close();
});
