// What is read as an instant or a date, against PostgreSQL's own reading and against the instant it was written from.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { dayOf, instantMs } from '../../src/db/instants.js';
import { openTestDatabase } from '../support/database.js';
import fc from '../support/property.js';

const { db } = await openTestDatabase();
const FIRST = Date.parse('0001-01-02T00:00:00Z');
const LAST = Date.parse('9999-12-30T00:00:00Z');

const two = (n: number) => String(n).padStart(2, '0');
const separators = ['T', 't', ' '];
type Offset = (minutes: number) => string;
const sign = (minutes: number) => (minutes < 0 ? '-' : '+');
const offsets: readonly Offset[] = [
  (minutes) => `${sign(minutes)}${two(Math.floor(Math.abs(minutes) / 60))}:${two(Math.abs(minutes) % 60)}`,
  (minutes) => `${sign(minutes)}${two(Math.floor(Math.abs(minutes) / 60))}${two(Math.abs(minutes) % 60)}`,
  (minutes) => (minutes % 60 === 0 ? `${sign(minutes)}${two(Math.abs(minutes) / 60)}` : (offsets[0]?.(minutes) ?? '')),
  (minutes) => (minutes === 0 ? 'Z' : (offsets[1]?.(minutes) ?? '')),
  (minutes) => (minutes === 0 ? 'z' : (offsets[0]?.(minutes) ?? '')),
  (minutes) => (minutes === 0 ? ' UTC' : ` ${offsets[1]?.(minutes) ?? ''}`),
];

/** An instant, and a text that says it. PostgreSQL knows no offset beyond 15:59. */
const written = fc
  .record({
    ms: fc.oneof(fc.integer({ min: FIRST, max: LAST }), fc.integer({ min: 0, max: 2_000_000_000_000 })),
    minutes: fc.oneof(
      fc.constant(0),
      fc.integer({ min: -15, max: 15 }).map((h) => h * 60),
      fc.integer({ min: -959, max: 959 }),
    ),
    separator: fc.constantFrom(...separators),
    offset: fc.constantFrom(...offsets),
    decimals: fc.nat(6),
    micros: fc.nat(999),
  })
  .map(({ ms: exact, minutes, separator, offset, decimals, micros }) => {
    const fraction =
      `${String(((exact % 1_000) + 1_000) % 1_000).padStart(3, '0')}${String(micros).padStart(3, '0')}`.slice(
        0,
        decimals,
      );
    const ms = Math.floor(exact / 1_000) * 1_000 + Number(fraction.slice(0, 3).padEnd(3, '0'));
    const local = new Date(ms + minutes * 60_000).toISOString();
    const seconds = local.slice(0, 19).replace('T', separator);
    return { ms, text: `${seconds}${fraction === '' ? '' : `.${fraction}`}${offset(minutes)}` };
  });

test('every form of an instant is read as the one that it was written from', () => {
  fc.assert(
    fc.property(written, ({ ms, text }) => {
      expect(instantMs(text), text).toBe(ms);
    }),
    { numRuns: 20_000 },
  );
});

test('PostgreSQL reads them as the same instants', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(written, { minLength: 100, maxLength: 100 }), async (instants) => {
      const texts = instants.map(({ text }) => text);
      const rows = await db.execute<{ text: string; ms: number }>(sql`
        select text, extract(epoch from date_trunc('milliseconds', text::timestamptz))::float8 * 1000 as ms
        from jsonb_array_elements_text(${JSON.stringify(texts)}::text::jsonb) as text`);
      expect(rows.map(({ ms }) => Math.round(ms))).toEqual(texts.map(instantMs));
    }),
    { numRuns: 30 },
  );
});

test('what PostgreSQL refuses as an instant is none here either, whatever was changed in a good one', async () => {
  const spoilt = fc
    .record({ good: written, at: fc.nat(40), by: fc.constantFrom('', '9', ':', '-', ' ', 'T', '+', '6', '.', 'x') })
    .map(({ good: { text }, at, by }) => text.slice(0, at % text.length) + by + text.slice((at % text.length) + 1));
  await fc.assert(
    fc.asyncProperty(fc.array(spoilt, { minLength: 200, maxLength: 200 }), async (texts) => {
      const read = texts.filter((text) => instantMs(text) !== undefined && !/[+-](1[6-9]|2\d)/.test(text.slice(11)));
      const rows = await db.execute<{ text: string }>(sql`
        select text from jsonb_array_elements_text(${JSON.stringify(read)}::text::jsonb) as text
        where not pg_input_is_valid(text, 'timestamptz')`);
      expect(rows.map(({ text }) => text)).toEqual([]);
    }),
    { numRuns: 20 },
  );
});

test.each([
  '2022-11-01T17:42:07',
  '2022-11-01 17:42:07',
  '2022-11-01',
  '2022-11-01T24:00:00Z',
  '2022-11-01T23:59:60Z',
  '2022-02-29T00:00:00Z',
  '2022-13-01T00:00:00Z',
  '2022-11-01T17:42:07+1',
  '2022-11-01T17:42:07+1:00',
  '2022-11-01T17:42:07+24:00',
  '2022-11-01T17:42:07+01:60',
  '2022-11-01T17:42:07  +01:00',
  '20221101T174207Z',
  '2022-W44-2T17:42:07Z',
  '2022-305T17:42:07Z',
  '+002022-11-01T17:42:07Z',
  '01.11.2022 17:42:07 +0100',
  'Tue, 01 Nov 2022 17:42:07 GMT',
  '2022-11-01T17:42:07Z ',
  '1667320927',
  '0000-12-31T23:59:59Z',
  '9999-12-31T23:59:59-01',
  '',
])('%j leaves something open, or is no instant', (text) => {
  expect(instantMs(text)).toBeUndefined();
});

test.each<[text: string, day: string | undefined]>([
  ['2024-02-29', '2024-02-29'],
  ['2022-12-01T23:30:00-0500', '2022-12-01'],
  ['2022-12-01 00:00:00', '2022-12-01'],
  ['2022-12-01t00:00', '2022-12-01'],
  ['2022-02-29', undefined],
  ['0000-01-01', undefined],
  ['2022-12-01T', undefined],
  ['2022-12-01T24:00:00Z', undefined],
  ['2022-12-01T10:00:00+25:00', undefined],
  ['2022-12', undefined],
  ['01.12.2022', undefined],
])('the date of %j is %s', (text, day) => {
  expect(dayOf(text)).toBe(day);
});
