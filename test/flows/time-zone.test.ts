// Promise: only worker, sync and migrate change in which time zone the database's days begin, and they say so.
import { expect, test } from 'vitest';
import { readInstallation } from '../../src/db/installation.js';
import { startCli } from '../support/cli.js';
import { openStage } from '../support/command.js';
import { until } from '../support/until.js';

const BERLIN = { SYNC_TIMEZONE: 'Europe/Berlin' };

async function scene() {
  const stage = await openStage({ sizes: { orders: 20 } });
  const zone = () => stage.inDatabase(async ({ db }) => (await readInstallation(db)).timezone);
  const run = (env: Record<string, string>, ...args: string[]) => startCli(args, { ...stage.env, ...env }).ended;
  return { stage, zone, run };
}

test('sync and migrate set it loudly; commands that know another one leave it as it is', async () => {
  const { stage, zone, run } = await scene();
  const synced = await run(BERLIN, 'sync', 'orders');
  expect(synced).toMatchObject({ code: 0 });
  expect(synced.stderr).toContain('Days now begin in Europe/Berlin instead of UTC');
  expect(await zone()).toBe('Europe/Berlin');
  const [order] = stage.simulator.truth('orders').map(({ id }) => String(id)) as [string];
  for (const args of [
    ['refresh', 'orders', order],
    ['doctor'],
    ['backfill', 'orders', '--from', '2020-01-01'],
    ['dead-letters', 'retry', '--all'],
    ['webhooks', 'replay', '--since', '2026-01-01'],
    ['rederive'],
    ['status'],
  ]) {
    const ended = await run({}, ...args);
    expect(ended.stderr, args.join(' ')).not.toContain('Days now begin');
    expect(await zone(), args.join(' ')).toBe('Europe/Berlin');
  }
  const again = await run(BERLIN, 'sync', 'orders');
  expect(again.stderr).not.toContain('Days now begin');
  const migrated = await run({ SYNC_TIMEZONE: 'Asia/Tokyo' }, 'migrate');
  expect(migrated.stderr).toContain('Days now begin in Asia/Tokyo instead of Europe/Berlin');
  expect(await zone()).toBe('Asia/Tokyo');
  await stage.simulator.close();
});

test('the worker sets it and says so in its log', async () => {
  const { stage, zone } = await scene();
  const worker = startCli(['worker'], {
    ...stage.env,
    ...BERLIN,
    SYNC_INCREMENTAL_EVERY: 'off',
    SYNC_FULL_CRON: 'off',
  });
  await until('it is up', () => worker.output().stderr.includes('worker is up'));
  expect(worker.output().stderr).toMatch(/"level":"warn".*"Days now begin in Europe\/Berlin instead of UTC/);
  expect(await zone()).toBe('Europe/Berlin');
  worker.kill('SIGTERM');
  expect(await worker.ended).toMatchObject({ code: 0 });
  await stage.simulator.close();
});
