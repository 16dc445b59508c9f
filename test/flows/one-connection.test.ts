// Promise: everything works with a pool of one connection. Whatever needs two at once would wait for itself for ever.
import { describe, expect, test } from 'vitest';
import { oneBackend } from '../support/cli.js';
import { openStage } from '../support/command.js';
import { expectTablesToEqualTruth } from '../support/truth.js';
import { until } from '../support/until.js';
import { startWebhookWorker, untilQuiet } from '../support/webhooks.js';

const sizes = { orders: 65, skus: 25, shipments: 25, returns: 5, restocking_shipments: 5, warehouses: 2 };
const ONE = { DATABASE_POOL: '1', SYNC_PAGE_ATTEMPTS: '1', LOG_LEVEL: 'info' };
const MISTAKE = 'the pool was asked inside a transaction';

describe.each(oneBackend())('queue on $name', ({ env }) => {
  test('every command comes to its end', async () => {
    const stage = await openStage({ sizes }, { ...env, ...ONE });
    const { simulator } = stage;
    const expectEnd = async (code: number, ...args: string[]) => {
      const ended = await stage.run(...args);
      expect(ended, `${args.join(' ')}: ${ended.stderr}`).toMatchObject({ code });
      expect(ended.stderr).not.toContain(MISTAKE);
      return ended;
    };
    await expectEnd(0, 'migrate');
    await expectEnd(0, 'doctor');
    await expectEnd(0, 'sync');
    const [first, second] = simulator.truth('orders').map(({ id }) => id) as [number, number];
    simulator.apply({ kind: 'update', collection: 'orders', id: first, patch: { status: 'unfulfillable' } });
    simulator.apply({ kind: 'delete', collection: 'orders', id: second });
    await expectEnd(0, 'sync');
    simulator.addFault({ match: { path: '/orders', page: 2 }, times: 1, respond: { status: 503 } });
    simulator.addFault({
      match: { path: '/skus' },
      times: 1,
      respond: { patchRecords: [{ index: 2, merge: { id: null } }] },
    });
    await expectEnd(3, 'sync', '--full');
    await expectEnd(0, 'dead-letters', 'list');
    await expectEnd(3, 'dead-letters', 'retry', '--all');
    await expectEnd(0, 'sync', '--full');
    await expectEnd(0, 'refresh', 'orders', String(first));
    await expectEnd(0, 'backfill', 'orders', 'warehouses', '--from', '2020-01-01');
    await expectEnd(0, 'backfill', 'orders', '--dry-run');
    await expectEnd(0, 'rederive');
    await expectEnd(0, 'explain', 'orders', String(first));
    await expectEnd(0, 'export', 'orders');
    await expectEnd(0, 'webhooks', 'list');
    await expectEnd(0, 'status');
    await expectTablesToEqualTruth(stage.url, simulator);
    await simulator.close();
  }, 480_000);

  test('two workers, whose schedules fire together, take webhooks and show their pages meanwhile', async () => {
    const stage = await openStage({ sizes }, { ...env, ...ONE });
    const { simulator } = stage;
    const settings = { ...stage.env, SYNC_INCREMENTAL_EVERY: '1s', SYNC_FULL_CRON: '*/2 * * * * *' };
    const workers = [
      await startWebhookWorker(simulator, stage.url, settings),
      await startWebhookWorker(simulator, stage.url, settings),
    ] as const;
    simulator.setWebhooks({ url: workers[0].webhookUrl, duplicated: 0.3, connections: 8 });
    const site = workers[1].webhookUrl.replace('/webhooks/hive', '');
    const ids = simulator.truth('orders').map(({ id }) => id);
    for (const [i, id] of ids.slice(0, 30).entries()) {
      const status = i % 2 === 0 ? 'unfulfillable' : 'fulfilled';
      simulator.apply({ kind: 'update', collection: 'orders', id, patch: { status } });
    }
    const paths = ['/', '/runs', '/runs/new', '/dead-letters', '/api/status', '/api/runs', '/api/dead-letters'];
    // Not /readyz, which gives up after two seconds in which the others have the connection.
    const looks = [...paths, '/metrics', '/healthz', '/queues', '/api/openapi.json'];
    const look = () => Promise.all(looks.map(async (path) => [path, (await fetch(site + path)).status] as const));
    for (const [path, status] of await look()) expect([200, 302, 404], path).toContain(status);
    const start = (mode: string) =>
      fetch(`${site}/api/runs`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ mode, collections: ['orders'] }),
      });
    const started = await Promise.all(['full', 'backfill', 'incremental', 'full', 'backfill'].map(start));
    for (const { status } of started) expect([201, 202, 409]).toContain(status);
    await until('runs of every kind have ended', async () => {
      for (const [path, status] of await look()) expect(status, path).toBeLessThan(500);
      const ended = await stage.inDatabase(({ db }) =>
        db.execute<{ mode: string }>("select distinct mode from sync.runs where state = 'complete'"),
      );
      return ['full', 'incremental', 'backfill'].every((mode) => ended.some((row) => row.mode === mode));
    });
    for (const worker of workers) {
      worker.kill('SIGTERM');
      const ended = await worker.ended;
      expect(ended, ended.stderr).toMatchObject({ code: 0 });
      expect(ended.stderr).not.toContain(MISTAKE);
      expect(ended.stderr).not.toContain('"level":"error"');
    }
    const quiet = await startWebhookWorker(simulator, stage.url, { ...stage.env, SYNC_FULL_CRON: 'off' });
    await untilQuiet(simulator, stage.url);
    quiet.kill('SIGTERM');
    expect(await quiet.ended).toMatchObject({ code: 0 });
    await expectTablesToEqualTruth(stage.url, simulator);
    await simulator.close();
  }, 240_000);
});
