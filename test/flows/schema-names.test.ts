// Promise: with other names for its schemas everything works as with the default ones, which nothing makes or mentions.
import { randomBytes } from 'node:crypto';
import { getViewConfig } from 'drizzle-orm/pg-core';
import { expect, test } from 'vitest';
import { quoted } from '../../src/schema-names.js';
import { views } from '../../src/views/index.js';
import { chooseNamed, DEFAULT_NAME, NAMED, openNamedStage, schemaNames, textsInCatalogs } from '../support/named.js';
import { describeQueue } from '../support/needs.js';
import { expectTablesToEqualTruth } from '../support/truth.js';
import { until } from '../support/until.js';
import { postWebhook, startWebhookWorker } from '../support/webhooks.js';

const sizes = { warehouses: 2, skus: 15, orders: 60, shipments: 50, returns: 20, restocking_shipments: 10 };
const HIVE = quoted(NAMED.HIVE_SCHEMA);
const MASKED = quoted(`${NAMED.HIVE_SCHEMA}_masked`);

chooseNamed();

describeQueue(({ name, env }) => {
  test('migrate, sync, webhooks, views, grant, export and all other commands', async () => {
    const stage = await openNamedStage({ sizes }, env);
    const { simulator, url, plain, run } = stage;
    const works = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await run(...args);
      expect(code, `${args.join(' ')}: ${stdout}${stderr}`).toBe(0);
      expect(`${stdout}${stderr}`.replaceAll(/^.*hive-sync .*$/gm, '')).not.toMatch(DEFAULT_NAME);
      return stdout;
    };
    await works('migrate');
    expect(await works('migrate', '--check')).toContain('in step');
    await works('sync');
    await works('sync');
    await expectTablesToEqualTruth(url, simulator);

    const worker = await startWebhookWorker(simulator, url, { ...NAMED, ...env });
    const page = worker.webhookUrl.replace('/webhooks/hive', '');
    const changed = simulator.apply({
      kind: 'update',
      collection: 'shipments',
      position: 3,
      patch: { status: 'cancelled' },
    });
    expect((await postWebhook(worker.webhookUrl, JSON.stringify(changed), simulator.apiKey)).status).toBe(202);
    await until('the webhook is in the table', async () => {
      const [row] = await plain.unsafe(
        `select status from ${HIVE}.shipments where id = ${changed?.id} and _source = 'webhook'`,
      );
      return row?.status === 'cancelled';
    });
    for (const path of ['/', '/runs', '/dead-letters', '/metrics', '/readyz', '/api/status', '/api/openapi.json']) {
      const answer = await fetch(page + path);
      const text = await answer.text();
      expect(answer.status, `${path}: ${text}`).toBe(200);
      expect(text, path).not.toMatch(DEFAULT_NAME);
    }
    worker.kill('SIGTERM');
    expect((await worker.ended).code, worker.output().stderr).toBe(0);

    const role = `hive_sync_test_${randomBytes(5).toString('hex')}`;
    try {
      expect(await works('grant', role)).toContain(`can read schema ${HIVE}:`);
      const reads = (what: string) =>
        plain.begin(async (tx) => {
          await tx.unsafe(`set local role "${role}"`);
          return (await tx.unsafe(`select count(*)::int as n from ${what}`))[0]?.n;
        });
      expect(await reads(`${HIVE}.orders`)).toBe(sizes.orders);
      await expect(reads('"shop-sync".runs')).rejects.toThrow(/permission denied/);
      expect(await works('grant', role, '--mask-personal-data')).toContain(`It cannot read schema ${HIVE}.`);
      expect(await reads(`${MASKED}.orders`)).toBe(sizes.orders);
      await expect(reads(`${HIVE}.orders`)).rejects.toThrow(/permission denied/);
      expect(await works('migrate', '--check')).toContain('in step');
      expect(await works('doctor')).toContain(`rows in schemas ${HIVE} and "shop-sync"`);
      await works('grant', role, '--revoke');
    } finally {
      await plain.unsafe(`drop owned by "${role}"; drop role "${role}"`);
    }

    for (const view of views) await plain.unsafe(`select * from ${HIVE}.${quoted(getViewConfig(view).name)}`);
    const [sums] = await plain.unsafe('select count(*)::int as n from "shop-sync".sku_sales');
    expect(sums?.n).toBeGreaterThan(0);
    expect((await works('export', 'orders')).trim().split('\n').length).toBeGreaterThan(sizes.orders);
    expect(
      JSON.parse((await works('export', `${NAMED.HIVE_SCHEMA}.skus`, '--format', 'jsonl')).split('\n')[0] ?? ''),
    ).toHaveProperty('id');
    const [order] = simulator.truth('orders');
    const [sku] = simulator.truth('skus');
    await works('status');
    expect(JSON.parse(await works('status', '--json'))).toBeTruthy();
    await works('explain', 'orders', String(order?.id));
    await works('backfill', 'orders', '--from', '2020-01-01', '--dry-run');
    await works('backfill', 'warehouses', 'skus');
    await works('refresh', 'skus', String(sku?.id));
    await plain.unsafe(`update ${HIVE}.orders set status = null where id = ${order?.id}`);
    await works('rederive');
    await works('dead-letters', 'list');
    await works('webhooks', 'list');
    await works('webhooks', 'replay', '--since', '2020-01-01');
    await works('webhooks', 'prune');
    await expectTablesToEqualTruth(url, simulator);

    const there = name === 'Redis' ? [] : [NAMED.QUEUE_SCHEMA];
    expect(await stage.inDatabase(({ db }) => schemaNames(db))).toEqual(
      [NAMED.HIVE_SCHEMA, `${NAMED.HIVE_SCHEMA}_masked`, NAMED.SYNC_SCHEMA, ...there].sort(),
    );
    const texts = await textsInCatalogs(plain);
    expect(texts.length).toBeGreaterThan(500);
    expect(texts.filter(({ text }) => DEFAULT_NAME.test(text))).toEqual([]);
    expect(texts.some(({ text }) => text.includes(`${HIVE}.skus.id`))).toBe(true);
  }, 300_000);
});
