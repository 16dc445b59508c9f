// Promise: columns are filled again from what is stored, without the API, and what is right is not touched.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { runCli } from '../support/cli.js';
import { openStage } from '../support/command.js';
import { fingerprint } from '../support/fingerprint.js';
import { expectTablesToEqualTruth } from '../support/truth.js';

const sizes = { warehouses: 3, skus: 60, orders: 1_100, shipments: 200, returns: 60, restocking_shipments: 40 };

test('emptied columns and lost, foreign and changed child rows are right again, nothing else is written, and a second time nothing', async () => {
  const stage = await openStage({ sizes });
  const { simulator, url } = stage;
  expect(await stage.run('sync')).toMatchObject({ code: 0 });
  const provenance = () =>
    stage.inDatabase(({ db }) =>
      db.execute(sql`select id, _changed_at, _fetched_at, _content_hash, _run_id from hive.orders order by id`),
    );
  const untouched = () =>
    stage.inDatabase(({ db }) => db.execute(sql`select ctid, xmin from hive.orders where id % 7 <> 0 order by id`));
  const before = { provenance: await provenance(), untouched: await untouched() };
  await stage.inDatabase(async ({ db }) => {
    await db.execute(sql`update hive.orders set status = null, shipping_city = 'Atlantis' where id % 7 = 0`);
    await db.execute(sql`delete from hive.order_items where order_id % 7 = 0 and position = 1`);
    await db.execute(sql`delete from hive.sku_batch_quantities`);
    await db.execute(sql`update hive.shipment_items set quantity = 9999 where shipment_id % 5 = 0`);
    await db.execute(sql`
      insert into hive.return_photos (account, return_id, position) select account, id, 99 from hive.returns limit 3`);
  });
  await expect(expectTablesToEqualTruth(url, simulator)).rejects.toThrow();

  const requests = simulator.stats().requests;
  const first = await runCli(['rederive'], { DATABASE_URL: url });
  expect(first).toMatchObject({ code: 0 });
  // Progress, on a machine that takes its time; nothing else.
  expect(first.stderr).toMatch(/^(\w+: [\d,]+ of [\d,]+ rows\n)*$/);
  const orders = simulator.truth('orders').filter(({ id }) => id % 7 === 0).length;
  expect(first.stdout).toMatch(new RegExp(`orders\\s+1,100\\s+${orders}\\n`));
  expect(first.stdout).toMatch(/returns\s+60\s+3\n/);
  expect(first.stdout).toMatch(/warehouses\s+3\s+0\n/);
  await expectTablesToEqualTruth(url, simulator);
  expect(simulator.stats().requests).toBe(requests);
  expect({ provenance: await provenance(), untouched: await untouched() }).toEqual(before);

  const places = await fingerprint(url);
  const second = await runCli(['rederive', 'orders', 'skus'], { DATABASE_URL: url });
  expect(second.stdout).toMatch(/skus\s+60\s+0\norders\s+1,100\s+0$/m);
  expect(second.stdout).not.toContain('returns');
  expect(await fingerprint(url)).toEqual(places);

  // And the next sync finds everything as it left it.
  expect(await stage.run('sync', '--full')).toMatchObject({ code: 0 });
  expect(await fingerprint(url)).toEqual(places);
  await simulator.close();
});

test('a stored payload that this release refuses keeps its row, and is told with exit 3', async () => {
  const stage = await openStage({ sizes: { orders: 30 } });
  expect(await stage.run('sync', 'orders')).toMatchObject({ code: 0 });
  await stage.inDatabase(({ db }) =>
    db.execute(sql`
      update hive.orders set _raw = jsonb_set(_raw, '{items}', '"none"'), status = 'kept'
      where id = (select min(id) from hive.orders)`),
  );
  const ended = await runCli(['rederive', 'orders'], { DATABASE_URL: stage.url });
  expect(ended).toMatchObject({ code: 3 });
  expect(ended.stdout).toContain('1 stored payload cannot be read by this release');
  const [row] = await stage.inDatabase(({ db }) => db.execute(sql`select status from hive.orders order by id limit 1`));
  expect(row).toEqual({ status: 'kept' });
  await stage.simulator.close();
});

test('several accounts are gone through in one, each with its own rows', async () => {
  const stage = await openStage({ sizes: { orders: 40 } });
  for (const HIVE_ACCOUNT of ['a', 'b']) {
    expect(await runCli(['sync', 'orders'], { ...stage.env, HIVE_ACCOUNT })).toMatchObject({ code: 0 });
  }
  await stage.inDatabase(({ db }) => db.execute(sql`update hive.orders set status = account`));
  const ended = await runCli(['rederive', 'orders'], { DATABASE_URL: stage.url });
  expect(ended.stdout).toMatch(/orders\s+80\s+80/);
  const left = await stage.inDatabase(({ db }) =>
    db.execute(sql`select id from hive.orders where status is distinct from _raw ->> 'status'`),
  );
  expect([...left]).toEqual([]);
  await stage.simulator.close();
});
