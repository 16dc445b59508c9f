// The views of schema hive on a shop of 1,000,000 orders: plan and time of each question, and what indexes and triggers
// cost those who write.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import postgres from 'postgres';
import { test } from 'vitest';
import { openDatabase } from '../src/db/database.js';
import { sumUp } from '../src/db/rollups/sum-up.js';
import { createDatabase } from '../test/support/database.js';
import { isShort, report } from './support/report.js';

const orders = isShort ? 20_000 : 1_000_000;
const sizes = { orders, items: orders * 2.5, shipments: orders * 1.1, returns: orders / 10 };
const TIMES = 5;

const questions: Readonly<Record<string, string>> = {
  freshness: 'select * from hive.freshness',
  'order_fulfilment, one order': `select * from hive.order_fulfilment where order_id = ${orders / 2}`,
  'order_fulfilment, newest 100': 'select * from hive.order_fulfilment order by created_at desc limit 100',
  'order_fulfilment, a month': `select count(*), avg(hours_to_ship) from hive.order_fulfilment
    where created_at >= '2026-03-01Z' and created_at < '2026-04-01Z'`,
  'order_fulfilment, all': `select date_trunc('month', created_at) as month, count(*), avg(hours_to_ship),
      count(*) filter (where is_split), count(*) filter (where is_open) from hive.order_fulfilment group by 1`,
  carrier_performance: 'select * from hive.carrier_performance',
  inventory_by_warehouse: 'select * from hive.inventory_by_warehouse',
  'sku_sales, a month': "select * from hive.sku_sales where day between '2026-03-01' and '2026-03-31'",
  'sku_sales, all by month': `select date_trunc('month', day), currency, sum(units), sum(net_revenue_in_cents)
    from hive.sku_sales group by 1, 2`,
  'sku_sales, every row': 'select * from hive.sku_sales',
  return_rates: 'select * from hive.return_rates',
  restocking_accuracy: 'select * from hive.restocking_accuracy',
};

test('views', async () => {
  const url = await createDatabase();
  const client = postgres(url, { max: 1, onnotice: () => {} });
  const words: Readonly<Record<string, number>> = sizes;
  const text = readFileSync(path.join(import.meta.dirname, 'rows.sql'), 'utf8');
  const load = await seconds(() => client.unsafe(text.replaceAll(/\{(\w+)\}/g, (_, word) => String(words[word]))));
  const database = await openDatabase(url);
  const summing = await seconds(() => sumUp(database.db));
  await database.close();
  await client.unsafe('vacuum (analyze)');
  const rows: Record<string, string | number>[] = [];
  for (const [question, query] of Object.entries(questions)) {
    const plan = await client.unsafe(`explain (analyze, costs off, timing off) ${query}`);
    console.log(`\n${question}\n${plan.map((line) => line['QUERY PLAN']).join('\n')}`);
    const times: number[] = [];
    // The rows stay in the server: what is measured is the view, not the way to the client.
    for (let nth = 0; nth < TIMES; nth++)
      times.push(await seconds(() => client.unsafe(`explain (analyze, timing off) ${query}`)));
    times.sort((a, b) => a - b);
    rows.push({ question, 'best ms': (times[0] ?? 0) * 1_000, 'median ms': (times[2] ?? 0) * 1_000 });
  }
  const [{ version } = { version: '' }] = await client<{ version: string }[]>`select version() as version`;
  report({
    name: 'views',
    what: 'goal: every view answers within 1,000 ms',
    settings: { ...sizes, postgres: version, 'load s': load, 'sums s': summing },
    rows,
  });
  report({
    name: 'indexes',
    what: 'what a row more costs because of each index, alone on a copy of its table; triggers by statements of 20 rows',
    settings: sizes,
    rows: [...(await costOfIndexes(client)), ...(await costOfTriggers(client))],
  });
  await client.end();
});

async function seconds(act: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await act();
  return (performance.now() - startedAt) / 1_000;
}

/** Not a temporary table: those write no WAL. */
const COPY = 'public.copied';
const COPIED = isShort ? 2_000 : 100_000;

async function costOfIndexes(client: postgres.Sql): Promise<Record<string, string | number>[]> {
  const found = await client<{ table: string; name: string; definition: string; size: number }[]>`
    select tablename as table, indexname as name, indexdef as definition,
      pg_relation_size(format('%I.%I', schemaname, indexname)::regclass)::int as size
    from pg_indexes where schemaname = 'hive' and indexname not like '%_pk' and tablename in
      ('orders', 'order_items', 'shipments', 'shipment_items', 'returns', 'return_items', 'return_line_items')
    order by 1, 2`;
  const rows: Record<string, string | number>[] = [];
  for (const { table, name, definition, size } of found) {
    const bare = await timeOfCopy(client, table);
    const indexed = await timeOfCopy(client, table, definition.replace(/ ON hive\.\w+ /, ` ON ${COPY} `));
    rows.push({
      'index or trigger': name,
      MB: size / 1e6,
      'µs per row': ((indexed.seconds - bare.seconds) / indexed.rows) * 1e6,
      'WAL bytes per row': (indexed.wal - bare.wal) / indexed.rows,
    });
  }
  return rows;
}

/** Inserts rows into a copy of the table with this index only. */
async function timeOfCopy(client: postgres.Sql, table: string, index?: string) {
  await client.unsafe(`drop table if exists ${COPY}; create table ${COPY} (like hive.${table})`);
  if (index !== undefined) await client.unsafe(index);
  const plan = await client.unsafe(`explain (analyze, wal, timing off, format json)
    insert into ${COPY} select * from hive.${table} limit ${COPIED}`);
  type Explained = [{ Plan: { 'WAL Bytes': number }; 'Execution Time': number }];
  const [root] = (plan[0] as unknown as { 'QUERY PLAN': Explained })['QUERY PLAN'];
  await client.unsafe(`drop table ${COPY}`);
  const [{ rows } = { rows: 1 }] = await client<{ rows: number }[]>`
    select least(${COPIED}, (select reltuples from pg_class where oid = ${`hive.${table}`}::regclass))::int as rows`;
  return { seconds: root['Execution Time'] / 1_000, wal: root.Plan['WAL Bytes'], rows };
}

/** Updates pages of 20 rows, with and without the triggers. */
async function costOfTriggers(client: postgres.Sql): Promise<Record<string, string | number>[]> {
  const PAGES = isShort ? 50 : 500;
  const update = async (table: string, key: string) =>
    seconds(() =>
      client.unsafe(`do $$ begin
        for page in 0 .. ${PAGES - 1} loop
          update hive.${table} set account = account where account = 'bench' and ${key} between page * 20 + 1 and page * 20 + 20;
        end loop; end $$`),
    );
  const rows: Record<string, string | number>[] = [];
  for (const [table, key] of [
    ['orders', 'id'],
    ['order_items', 'order_id'],
    ['shipments', 'id'],
  ] as const) {
    const [withTriggers, without] = [[Infinity], [Infinity]];
    for (let nth = 0; nth < TIMES; nth++) {
      withTriggers.push(await update(table, key));
      await client.unsafe(`alter table hive.${table} disable trigger user`);
      without.push(await update(table, key));
      await client.unsafe(`alter table hive.${table} enable trigger user`);
    }
    rows.push({
      'index or trigger': `triggers of ${table}`,
      MB: 0,
      'µs per row': ((Math.min(...withTriggers) - Math.min(...without)) / (PAGES * 20)) * 1e6,
      'WAL bytes per row': 0,
    });
  }
  return rows;
}
