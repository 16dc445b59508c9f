// What does the API send that this release does not know? The counts of sync.schema_drift, which hold forms and no
// contents, and whether rows are missing a value because of it now.
import { getTableConfig } from 'drizzle-orm/pg-core';
import { collections } from '../collections/index.js';
import { bool, type Fields, id, instant, text } from '../db/columns.js';
import { ACCOUNT, defineView } from './view.js';

type Parts = (typeof collections)[number]['children'];

/** [collection, path, what stands for it in _lost]: a field under its own path and under those of the objects around it. */
const places = collections.flatMap(({ name, fields, children }) => placesOf(name, fields, children, '', ''));

function placesOf(collection: string, fields: Fields, parts: Parts, prefix: string, table: string): string[][] {
  const own = Object.entries(fields).flatMap(([column, { from = [column] }]) =>
    from.flatMap((path) =>
      path.split('.').map((_, i, keys) => [collection, prefix + keys.slice(0, i + 1).join('.'), table + column]),
    ),
  );
  const inner = parts.flatMap((part) =>
    placesOf(collection, part.fields, part.children, `${prefix}${part.from}[].`, `${part.table}.`),
  );
  return [...own, ...inner];
}

const values = [...new Set(places.map((place) => `(${place.map((word) => `'${word}'`).join(', ')})`))];
const lost = collections.map(
  ({ name, pgTable }) => `select account, '${name}' as collection, unnest(_lost) as name
    from hive.${getTableConfig(pgTable).name} where _lost is not null and _deleted_at is null`,
);

export const schemaDrift = defineView({
  name: 'schema_drift',
  comment:
    'What Hive sent that this release of hive-sync does not know: one row per field and form. The contents are in _raw, here are only their forms.',
  columns: {
    account: text(ACCOUNT, { personal: false }),
    collection: text('Name of the collection, which is also its table.', { personal: false }),
    path: text('Dotted path in the record, [] for the elements of a list: items[].price.', { personal: false }),
    kind: text('What became of it.', {
      values: {
        loss: 'it could not be read: the column keeps an older value, or is null',
        type: 'it is of another type, its value landed all the same',
        value: 'a value of an enumeration that was not known; it landed',
        unknown_field: 'a field that no column takes',
        unstorable_text: 'a text that PostgreSQL cannot hold; it landed with visible escapes',
      },
    }),
    seen: text('What was there: a type, or a value of an enumeration.', { personal: false }),
    expected: text('What was expected; null for an unknown field.', { personal: false }),
    sample: text('The form of one such value: every letter is an a, every digit a 9. Null when it says nothing.', {
      personal: false,
    }),
    first_seen_at: instant('When it was first seen.'),
    last_seen_at: instant('When it was last seen in a record that was new or changed, or read again.'),
    count: id('How often it was seen, in all of these times.'),
    is_lost_now: bool(
      'True when rows that are not deleted hold an older value, or none, because this path could not be read: those with the column in _lost.',
    ),
  },
  query: `
with places (collection, path, name) as (values
  ${values.join(',\n  ')}
),
lost as (
  select account, collection, name from (
    ${lost.join('\n    union all\n    ')}
  ) every group by 1, 2, 3
)
select d.account, d.collection, d.path, d.kind, d.seen, d.expected, d.sample, d.first_seen_at, d.last_seen_at, d.count,
  d.kind = 'loss' and exists (
    select from lost l join places p on p.collection = l.collection and p.name = l.name
    where l.account = d.account and p.collection = d.collection and p.path = d.path
  ) as is_lost_now
from sync.schema_drift d`,
});
