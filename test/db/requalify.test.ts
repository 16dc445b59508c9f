// What is sent names the schemas as they are called; and nothing else in a statement is another than it was written.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { AS_IT_IS, asSent, requalify } from '../../src/db/connection/requalify.js';
import { RELEASED, readSteps } from '../../src/db/migrating/steps.js';
import { chooseSchemas, namesFrom } from '../../src/schema-names.js';
import fc from '../support/property.js';

const names = new Map([
  ['hive', 'Shop "x".é'],
  ['sync', 'shop-sync'],
]);
const HIVE = '"Shop ""x"".é"';
const rewritten = (text: string): string => requalify(text, names);

test.each([
  ['select * from sync.runs r', 'select * from "shop-sync".runs r'],
  ['select * from SYNC.runs', 'select * from "shop-sync".runs'],
  ['select "hive"."orders"."id" from "hive"."orders"', `select ${HIVE}."orders"."id" from ${HIVE}."orders"`],
  ['select sync.take_slot($1,$2)', 'select "shop-sync".take_slot($1,$2)'],
  ['declare p sync.rate_budgets%rowtype', 'declare p "shop-sync".rate_budgets%rowtype'],
  ['select "a"sync.f, u&sync.f(1)', 'select "a" "shop-sync".f, u& "shop-sync".f(1)'],
  ['select 1-sync.f(2)', 'select 1-"shop-sync".f(2)'],
  ["select 'a'||sync.f('b')", `select 'a'||"shop-sync".f('b')`],
  ['select 1 /* a */from hive.skus', `select 1 /* a */from ${HIVE}.skus`],
  ['select 1 --\nfrom hive.skus', `select 1 --\nfrom ${HIVE}.skus`],
  [
    'create function sync.f() returns int as $$ select 1 from hive.a $$ language sql',
    `create function "shop-sync".f() returns int as $$ select 1 from ${HIVE}.a $$ language sql`,
  ],
  ['do $x$ begin perform sync.f(); end $x$', 'do $x$ begin perform "shop-sync".f(); end $x$'],
])('%s', (text, expected) => {
  expect(rewritten(text)).toBe(expected);
});

test.each([
  'select sync from t',
  'select sync . runs',
  'select a.sync.b, "db".hive.t',
  'select my_sync.x, sync2.x, "Sync".x, "hive_masked".x, xhive.y, é.hive',
  'select sync.*',
  "select 'hive.orders', 'it''s sync.runs', E'a\\'sync.runs', e'\\\\', 'a'",
  "select E'a'\n  'b\\' sync.runs'",
  'select "a hive.orders b", "a""sync.runs"',
  '-- sync.runs\nselect 1',
  '/* sync.runs /* hive.orders */ sync.runs */ select 1',
  'select $$ sync.runs $$, $a$ sync.runs $$ hive.orders $a$, a$b$ from t$x$',
  'do $$ begin execute $q$ select sync.runs $q$; raise $q$ -- hive.orders $q$; end $$',
  "do $$ begin execute 'select * from sync.runs'; end $$",
  "select '; sync.runs",
])('untouched: %s', (text) => {
  expect(rewritten(text)).toBe(text);
});

const word = fc.stringMatching(/^[a-z_]{1,8}$/);
/** What holds names of schemas in it and is none. */
const inner = fc
  .array(
    fc.constantFrom(
      'sync.runs',
      'hive.orders',
      ' ',
      '"',
      "'",
      '$',
      '\\',
      '/*',
      '*/',
      '--',
      '$$',
      '$q$',
      '\n',
      'x',
      '.',
    ),
  )
  .map((parts) => parts.join(''));
const shut = fc.oneof(
  inner.map((text) => `'${text.replaceAll("'", "''")}'`),
  inner.map((text) => `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`),
  inner.map((text) => `"${text.replaceAll('"', '""')}"`),
  inner.map((text) => `--${text.replaceAll('\n', ' ')}\n`),
  fc.letrec<{ comment: string; part: string }>((tie) => ({
    part: fc.oneof(
      { depthSize: 'small' },
      inner.map((text) => text.replaceAll('/', '').replaceAll('*', '')),
      tie('comment'),
    ),
    comment: fc.array(tie('part'), { maxLength: 3 }).map((parts) => `/*${parts.join(' ')}*/`),
  })).comment,
  fc
    .tuple(inner, fc.constantFrom('', 'a', 'é_1'))
    .map(([text, tag]) => `select $${tag}$${text.replaceAll('$', '')}$${tag}$`),
);
const qualified = fc.tuple(fc.constantFrom('sync', 'hive', '"sync"', '"hive"'), word).map(([schema, name]) => ({
  before: `${schema}.${name}`,
  after: `${schema.includes('sync') ? '"shop-sync"' : HIVE}.${name}`,
}));
const piece = fc.oneof(
  shut.map((text) => ({ before: text, after: text })),
  qualified,
  word.map((text) => ({ before: text, after: text })),
  fc.constantFrom('(', ')', '+', ',', ';', '$1', '12.5', 'sync', 'hive').map((text) => ({ before: text, after: text })),
);

test('qualifiers change, whatever stands between them, and what is shut in stays as it is', () => {
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = (side: 'before' | 'after') => pieces.map((one) => one[side]).join(' ');
      expect(rewritten(text('before'))).toBe(text('after'));
      // Once more changes nothing: what is made of names from the catalogs passes as it is.
      expect(rewritten(text('after'))).toBe(text('after'));
    }),
    { numRuns: 500 },
  );
});

test('of any text no more than qualifiers is taken away', () => {
  const any = fc.array(fc.oneof(inner, fc.string())).map((parts) => parts.join(''));
  fc.assert(
    fc.property(any, (text) => {
      const back = requalify(
        rewritten(text),
        new Map([
          ['Shop "x".é', 'hive'],
          ['shop-sync', 'sync'],
        ]),
      );
      const plain = (one: string) => one.replace(/[" ]/g, '').toLowerCase();
      expect(plain(back)).toBe(plain(text));
    }),
    { numRuns: 500 },
  );
});

test('with the default names a statement is the very one that was written', () => {
  const text = 'select * from sync.runs';
  expect(asSent(text)).toBe(text);
  chooseSchemas(namesFrom({ hive: 'shop', sync: 'shop_sync' }));
  expect(asSent(text)).toBe('select * from "shop_sync".runs');
  expect(asSent(`${AS_IT_IS}${text}`)).toBe(`${AS_IT_IS}${text}`);
  chooseSchemas(namesFrom({ sync: 'other' }));
  expect(asSent(`${text}, hive.orders`)).toBe('select * from "other".runs, hive.orders');
  chooseSchemas(namesFrom({}));
  expect(asSent(text)).toBe(text);
});

test('only one migration names a schema in a literal', () => {
  const naming = readSteps(RELEASED).filter(({ tag }) =>
    /'"?(hive|hive_masked|sync|bullmq)\b(?!-)[^']*'/.test(
      readFileSync(`${RELEASED}/${tag}.sql`, 'utf8').replace(/^--.*$/gm, ''),
    ),
  );
  expect(naming.map(({ tag }) => tag)).toEqual(['0012_releases']);
});
