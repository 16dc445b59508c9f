// What tests over all collections share: reading rows back as the parser made them, and records with odd values in them.
import { sql } from 'drizzle-orm';
import { getTableName } from 'drizzle-orm/table';
import type { Fields } from '../../src/db/columns.js';
import type { Executor } from '../../src/db/database.js';
import type { Row } from '../../src/db/stored-record.js';
import { tryJson } from '../../src/hive/body.js';
import type { Collection } from '../../src/sync/collection.js';
import { type ParsedRecord, parseRecord } from '../../src/sync/records/parse.js';
import fc from './property.js';

/** @throws when the record is refused */
export function parsed(collection: Collection, payload: unknown): ParsedRecord {
  const result = parseRecord(collection, payload);
  if (!result.ok) throw new Error(`${collection.name}: refused: ${result.errors.join('; ')}`);
  return result.record;
}

export interface Stored {
  /** The records' fields, without the columns of the machinery. */
  readonly row: Row;
  readonly children: Readonly<Record<string, readonly Row[]>>;
  readonly raw: unknown;
}

/** A parsed record in the form of readStored(), with every child table, also those without rows. */
export function expectedOf(collection: Collection, { row, children, raw }: ParsedRecord): Stored {
  const all = collection.allChildren.map(({ table }) => [table, children[table] ?? []]);
  return JSON.parse(JSON.stringify({ row, children: Object.fromEntries(all), raw }));
}

/** Every stored record of an account by id, in the form of ParsedRecord. */
export async function readStored(db: Executor, collection: Collection, account: string): Promise<Map<number, Stored>> {
  const rowsOf = async (table: string, order: string): Promise<Record<string, unknown>[]> => {
    const rows = await db.execute<{ row: Record<string, unknown>; text: string }>(sql`
      select to_jsonb(t) as row, to_jsonb(t)::text as text from ${sql.identifier('hive')}.${sql.identifier(table)} t
      where account = ${account} order by ${sql.identifier(order)}`);
    return rows.map(({ row, text }) => ({ ...row, [DIGITS]: tryJson(text)?.value }));
  };
  const stored = new Map<number, Stored>();
  const children = await Promise.all(
    collection.allChildren.map(async (child) => ({ child, rows: await rowsOf(child.table, 'position') })),
  );
  for (const row of await rowsOf(getTableName(collection.pgTable), 'id')) {
    const own = children.map(({ child, rows }) => [
      child.table,
      rows
        .filter((one) => one[collection.parentKey] === row.id)
        .map((one) => ({
          position: one.position,
          ...(child.link === undefined ? {} : { [child.link]: one[child.link] }),
          ...pickFields(child.fields, one),
        })),
    ]);
    stored.set(Number(row.id), {
      row: pickFields(collection.fields, row),
      children: Object.fromEntries(own),
      raw: row._raw,
    });
  }
  return stored;
}

/** The same row, with integers that a number cannot hold as their digits. */
const DIGITS = ' digits';

function pickFields(fields: Fields, row: Record<string, unknown>): Row {
  const exact = row[DIGITS] as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(fields).map(([name, { kind }]) => {
      const value = kind === 'id' || kind === 'cents' ? exact[name] : row[name];
      return [name, kind === 'instant' && typeof value === 'string' ? new Date(value).toISOString() : value];
    }),
  );
}

/** Values that stand where they do not belong, or only just do. */
const oddValues = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom<unknown>(
    ...[
      null,
      '',
      ' ',
      '12',
      '-0',
      '1e5',
      '12.5',
      '9007199254740993',
      '9223372036854775807',
      '-9223372036854775808',
      '9223372036854775808',
      '123.00',
      '0012',
      'NaN',
      'Infinity',
      '\u0000',
      'a\ud83d',
      '\ude00',
      '\\u0000',
    ],
    ...[2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 53 - 1, 2 ** 53, 1e308, 5e-324, 0.1, -0, 1e21],
    ...[
      '2022-02-29',
      '2024-02-29',
      '0000-01-01',
      '0001-01-01',
      '9999-12-31',
      '2022-1-1',
      '10000-01-01',
      '2022-12-01T10:00:00Z',
    ],
    ...['2022-11-01T17:42:07+15:59', '2022-11-01T17:42:07+16:00', '2022-11-01T17:42:07-23:59', '2022-11-01T24:00:00Z'],
    ...['2022-11-01T17:42:07+0100', '2022-11-01 17:42:07 -01', '2022-11-01t17:42z', '2022-11-01 17:42:07'],
    ...['9999-12-31T23:59:59-01:00', '0001-01-01T00:00:00+01:00', `2022-11-01T17:42:07.${'9'.repeat(200)}Z`],
    ...[[], {}, [null], [[]], [{}], ['a', 'b'], [1], ['NULL', '{}', '"', '\\', ','], { id: 1 }, [{ id: '1' }]],
    'x'.repeat(5_000),
    { ['k'.repeat(5_000)]: '\u0000' },
    `${'x'.repeat(79)}😀`,
  ),
  fc
    .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
    .map((at) => at.toISOString()),
);

const mutation = fc.record({
  at: fc.nat(),
  what: fc.constantFrom('replace', 'remove', 'add', 'wrap'),
  key: fc.oneof(fc.string(), fc.constantFrom('__proto__', 'constructor', 'id', 'sku', 'items', '\u0000', 'order')),
  value: oddValues,
});

/** The example of a collection, changed in a few places; now and then any JSON at all. Its id is kept. */
export const oddRecords = (collection: Collection): fc.Arbitrary<unknown> =>
  fc.oneof(
    {
      weight: 9,
      arbitrary: fc.array(mutation, { minLength: 1, maxLength: 5 }).map((list) => mutated(collection, list)),
    },
    { weight: 1, arbitrary: fc.dictionary(fc.string(), oddValues).map((odd) => ({ ...odd, ...collection.example })) },
  );

type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never;
type Place = { readonly holder: Record<string, unknown>; readonly key: string };

function mutated(collection: Collection, mutations: readonly Mutation[]): unknown {
  const record = structuredClone(collection.example) as Record<string, unknown>;
  for (const { at, what, key, value: shared } of mutations) {
    // A copy, as a later mutation may change it.
    const value = structuredClone(shared);
    const places = placesIn(record).filter((place) => place.holder !== record || place.key !== 'id');
    const place = places[at % places.length];
    if (place === undefined) continue;
    if (what === 'remove') delete place.holder[place.key];
    else if (what === 'wrap') place.holder[place.key] = [place.holder[place.key]];
    else if (what === 'replace') place.holder[place.key] = value;
    else if (!Array.isArray(place.holder) && key !== 'id') {
      Object.defineProperty(place.holder, key, { value, enumerable: true, writable: true, configurable: true });
    }
  }
  // As it would come over the wire.
  return JSON.parse(JSON.stringify(record));
}

function placesIn(value: unknown): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  const holder = value as Record<string, unknown>;
  return Object.keys(holder).flatMap((key) => [{ holder, key }, ...placesIn(holder[key])]);
}
