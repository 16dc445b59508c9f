// Promise: docs/dbt/sources.yml has the form that dbt 1.10.5 and newer want, without what they call deprecated, and its
// freshness goes by proofs: a key that is refused makes it old, whatever runs try.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { sql } from 'drizzle-orm';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { openTestDatabase } from '../support/database.js';

// As https://docs.getdbt.com/reference/source-properties has it, as far as the file goes: what is not named is refused.
const config = z.strictObject({ severity: z.enum(['warn', 'error']) });
const limit = z.strictObject({ count: z.int().min(1), period: z.enum(['minute', 'hour', 'day']) });
const ofArguments = <T extends z.ZodRawShape>(shape: T) =>
  z.strictObject({ arguments: z.strictObject(shape), config: config.optional() });
const dataTest = z.union([
  z.literal('not_null'),
  z.strictObject({ unique: ofArguments({ column_name: z.string() }) }),
  z.strictObject({ accepted_values: ofArguments({ values: z.array(z.string()).min(1) }) }),
  z.strictObject({
    relationships: ofArguments({ to: z.string().regex(/^source\('hive', '\w+'\)$/), field: z.string() }),
  }),
]);
const sources = z.strictObject({
  version: z.literal(2),
  sources: z.tuple([
    z.strictObject({
      name: z.string(),
      schema: z.string(),
      loader: z.string(),
      description: z.string(),
      tables: z.array(
        z.strictObject({
          name: z.string(),
          description: z.string().min(1),
          config: z
            .strictObject({
              loaded_at_query: z.string(),
              freshness: z.strictObject({ warn_after: limit, error_after: limit }),
            })
            .optional(),
          data_tests: z.array(dataTest).optional(),
          columns: z.array(
            z.strictObject({
              name: z.string(),
              description: z.string().min(1),
              data_type: z.string(),
              data_tests: z.array(dataTest).optional(),
            }),
          ),
        }),
      ),
    }),
  ]),
});

const file = readFileSync(path.resolve(import.meta.dirname, '../../docs/dbt/sources.yml'), 'utf8');
const { tables } = sources.parse(parse(file)).sources[0];
const watched = tables.flatMap(({ name, config: of }) => (of === undefined ? [] : [{ name, ...of }]));

test('it is read as dbt reads it, and every record and its parts have freshness', () => {
  const names = watched.map(({ name }) => name);
  expect(names).toEqual(
    expect.arrayContaining([
      'freshness',
      'oldest_proof',
      'warehouses',
      'orders',
      'order_items',
      'skus',
      'return_photos',
    ]),
  );
  expect(tables.filter(({ data_tests: tests }) => tests !== undefined).length).toBeGreaterThan(10);
});

describe('how old it says that the data is', async () => {
  const { db } = await openTestDatabase();
  const proveAll = (ago: string) => db.execute(sql`update sync.windows set as_of = now() - ${ago}::interval`);
  beforeAll(async () => {
    await db.execute(sql`
      insert into sync.runs (account, mode, collections, trigger, state, finished_at)
      select a, mode, '{warehouses,skus,orders,shipments,returns,restocking_shipments}', 'schedule', state, now() - ago
      from unnest(array['de', 'fr']) a, (values
        ('full', 'complete', interval '5 days'), ('incremental', 'failed', interval '1 minute'),
        ('refresh', 'complete', interval '1 minute')) as r (mode, state, ago)`);
    await db.execute(sql`
      insert into sync.windows (run_id, account, collection, kind, priority, state, as_of, finished_at)
      select r.id, r.account, c, 'whole', 3, 'certified', r.finished_at, r.finished_at
      from sync.runs r, unnest(r.collections) c where r.mode = 'full'`);
  });
  /** As dbt asks for it: one row, one column, once the limit is over an error. */
  const ageInHours = async (query: string): Promise<number> => {
    const rows = await db.execute<{ hours: number }>(sql`
      with source_query as (${sql.raw(query)})
      select extract(epoch from now() - (select * from source_query))::float8 / 3600 as hours`);
    return rows[0]?.hours ?? Number.NaN;
  };
  const inHours = ({ count, period }: z.infer<typeof limit>) => count * { minute: 1 / 60, hour: 1, day: 24 }[period];

  test.each(watched)('$name: five days without a proof are an error, though runs end', async (of) => {
    await proveAll('5 days');
    const hours = await ageInHours(of.loaded_at_query);
    expect(hours).toBeCloseTo(5 * 24, 0);
    expect(hours).toBeGreaterThan(inHours(of.freshness.error_after));
  });

  test.each(watched)('$name: an account that was never proved is an error too', async (of) => {
    await proveAll('10 minutes');
    expect(await ageInHours(of.loaded_at_query)).toBeLessThan(inHours(of.freshness.warn_after));
    await db.execute(sql`update sync.windows set as_of = null where account = 'fr'`);
    expect(await ageInHours(of.loaded_at_query)).toBeGreaterThan(40 * 365 * 24);
  });
});
