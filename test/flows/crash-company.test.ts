// Promise: processes that work the same queue stand in for each other. When one is killed, the others end its run.
import { describe, expect, test } from 'vitest';
import { openSimulator } from '../../src/simulator/index.js';
import { oneBackend, runCli, startCli } from '../support/cli.js';
import { environment, expectWholeAfter, IN_FLIGHT, openLedgerView, PAGES, sixtyPages } from '../support/crash.js';
import { createDatabase } from '../support/database.js';
import { expectTablesToEqualTruth } from '../support/truth.js';
import { until } from '../support/until.js';

const rate = { limit: 20, windowMs: 1_000 };
const SKU_PAGES = 40;

describe.each(oneBackend())('queue on $name', ({ env: backend }) => {
  test('of two syncs that have a run each, one is killed: the other ends both runs', async () => {
    const simulator = await openSimulator({
      ...sixtyPages,
      sizes: { ...sixtyPages.sizes, skus: SKU_PAGES * 20 },
      rate,
    });
    const url = await createDatabase();
    const env = { ...environment(simulator, url), HIVE_RATE_WINDOW_MS: String(rate.windowMs), ...backend };
    const [killed, other] = [startCli(['sync', 'skus', '--full'], env), startCli(['sync', 'orders', '--full'], env)];
    const ledger = await openLedgerView(url);
    await until('both runs are under way', async () => ((await ledger.pages()) ?? 0) >= 20);
    expect(await ledger.runs()).toHaveLength(2);
    killed.kill('SIGKILL');
    expect(await other.ended).toMatchObject({ code: 0 });

    // What the dead one has left behind may not be done yet; its command goes on with it, or has nothing left to do.
    const running = (await ledger.runs()).filter(({ state }) => state === 'running');
    if (running.length > 0) expect(await runCli(['sync', 'skus', '--full'], env)).toMatchObject({ code: 0 });
    expect(await ledger.runs()).toMatchObject([{ state: 'complete' }, { state: 'complete' }]);
    await ledger.close();
    await expectTablesToEqualTruth(url, simulator, ['orders', 'skus']);
    expect(simulator.requests.length).toBeLessThanOrEqual(PAGES + SKU_PAGES + 2 * IN_FLIGHT);
    await simulator.close();
  });

  test('a worker ends the run of a sync that was killed', async () => {
    const simulator = await openSimulator(sixtyPages);
    const url = await createDatabase();
    const env = { ...environment(simulator, url), ...backend };
    const sync = startCli(['sync', 'orders'], env);
    await until('request 20', () => simulator.requests.length >= 20);
    sync.kill('SIGKILL');
    const worker = startCli(['worker'], env);
    const ledger = await openLedgerView(url);
    await until('the run ends', async () => (await ledger.runs())[0]?.state === 'complete');
    await ledger.close();
    worker.kill('SIGTERM');
    expect(await worker.ended).toMatchObject({ code: 0 });
    await expectTablesToEqualTruth(url, simulator, ['orders']);
    await simulator.close();
  });

  test('a sync that is called again while a worker goes on with its killed run follows that run', async () => {
    // So slow that the run outlasts the start of two processes on a busy machine.
    const rate = { limit: 6, windowMs: 2_000 };
    const simulator = await openSimulator({ ...sixtyPages, rate });
    const url = await createDatabase();
    const env = { ...environment(simulator, url), HIVE_RATE_WINDOW_MS: String(rate.windowMs), ...backend };
    const sync = startCli(['sync', 'orders'], env);
    await until('request 10', () => simulator.requests.length >= 10);
    const worker = startCli(['worker'], { ...env, LOG_LEVEL: 'info' });
    await until('the worker is up', () => worker.output().stderr.includes('worker is up'));
    sync.kill('SIGKILL');
    await sync.ended;
    const again = await runCli(['sync', 'orders'], env);
    // The worker stands behind it as soon as it has looked.
    expect(again.stderr).toMatch(/Going on with run 1,|Run 1 \(full\) is going in another process already/);
    worker.kill('SIGTERM');
    await worker.ended;
    await expectWholeAfter(1, { ended: again, simulator, url });
    await simulator.close();
  });
});
