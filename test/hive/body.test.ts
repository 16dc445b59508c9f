import { expect, test } from 'vitest';
import { errorsOf, excerptOf, readText, tryJson } from '../../src/hive/body.js';

test.each<[what: string, body: unknown, expected: string[]]>([
  ['the documented form', { success: false, errors: ['bad request'] }, ['bad request']],
  ['several', { errors: ["Name can't be blank", 'Sku exists'] }, ["Name can't be blank", 'Sku exists']],
  ['an empty array', { errors: [] }, []],
  ['objects and numbers become JSON', { errors: [{ field: 'name' }, 7, null] }, ['{"field":"name"}', '7', 'null']],
  ['one text instead of an array', { errors: 'bad request' }, []],
  ['an object of arrays, as Rails writes it', { errors: { name: ['blank'] } }, []],
  ['null', { errors: null }, []],
  ['an empty text', { errors: '' }, []],
  ['missing', { success: false }, []],
  ['a list', ['bad request'], []],
  ['text', 'bad request', []],
  ['nothing', undefined, []],
])('the errors of a body: %s', (_what, body, expected) => {
  expect(errorsOf(body)).toEqual(expected);
});

test.each<[text: string, expected: { value: unknown } | undefined]>([
  ['{"a":1}', { value: { a: 1 } }],
  ['null', { value: null }],
  ['[9007199254740993, -12345678901234567890]', { value: ['9007199254740993', '-12345678901234567890'] }],
  [
    '{"a":"12345678901234567890 \\" 9007199254740993","b":1.25e20}',
    { value: { a: '12345678901234567890 " 9007199254740993', b: 1.25e20 } },
  ],
  [
    '{"price_in_cents":123.00,"a_in_cents_with_discount" : -1e2,"weight":1.0,"b_in_cents":12,"c_in_cents":"1.0"}',
    {
      value: {
        ...{ price_in_cents: '123.00', a_in_cents_with_discount: '-1e2' },
        ...{ weight: 1, b_in_cents: 12, c_in_cents: '1.0' },
      },
    },
  ],
  [
    '{"note":"\\"a_in_cents\\": 1.0","list":["b_in_cents", 1.0]}',
    { value: { note: '"a_in_cents": 1.0', list: ['b_in_cents', 1] } },
  ],
  ['', undefined],
  ['<html>', undefined],
  ['{"a":', undefined],
])('JSON of %j', (text, expected) => {
  expect(tryJson(text)).toEqual(expected);
});

test('a text of many megabytes beside an integer of many digits is JSON like any other', () => {
  const long = `${'x'.repeat(20 * 2 ** 20)}${'\\"'.repeat(2 ** 20)}\\12345678901234567890`;
  const text = JSON.stringify({ long, list: [1, '\\', -0.5] }).replace('[1,', '[12345678901234567890,');
  expect(tryJson(text)?.value).toEqual({ long, list: ['12345678901234567890', '\\', -0.5] });
});

test('errors that are nested too deep to be shown do not hide the others', () => {
  const deep: unknown = JSON.parse('['.repeat(50_000) + ']'.repeat(50_000));
  expect(errorsOf({ errors: [deep, 'bad request'] })).toEqual([expect.stringContaining('too deep'), 'bad request']);
});

test.each<[text: string, expected: string | undefined]>([
  ['', undefined],
  [' \r\n ', undefined],
  ['  <html> ', '<html>'],
  ['x'.repeat(501), 'x'.repeat(500)],
])('the excerpt of %j', (text, expected) => {
  expect(excerptOf(text)).toBe(expected);
});

test('a body of exactly the bound is read, one byte more is not', async () => {
  expect(await readText(new Response('12345'), 5)).toBe('12345');
  expect(await readText(new Response('123456'), 5)).toBeUndefined();
});

test('the bound counts bytes, not characters', async () => {
  expect(await readText(new Response('äöü'), 5)).toBeUndefined();
});

test('an endless body is let go as soon as the bound is passed', async () => {
  let sent = 0;
  let cancelled = false;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      sent += 10;
      controller.enqueue(new Uint8Array(10));
    },
    cancel() {
      cancelled = true;
    },
  });
  expect(await readText(new Response(endless), 100)).toBeUndefined();
  expect(cancelled).toBe(true);
  expect(sent).toBeLessThan(200);
});

test('a character that is split between two chunks stays whole', async () => {
  const [first, second] = [new Uint8Array([0xc3]), new Uint8Array([0xa4])];
  const split = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(first);
      controller.enqueue(second);
      controller.close();
    },
  });
  expect(await readText(new Response(split), 100)).toBe('ä');
});

test('no body is an empty text', async () => {
  expect(await readText(new Response(null, { status: 204 }), 10)).toBe('');
});

test('a byte order mark is no part of the text', async () => {
  expect(await readText(new Response('\uFEFF{"a":1}'), 100)).toBe('{"a":1}');
});

const MEBI = 2 ** 20;

/** What took the square of its length, or more memory than a process has, before; each of them some megabytes. */
test.each<[what: string, text: string]>([
  ['a key of nothing but the mark of cents', `{"${'_in_cents'.repeat(MEBI)}":1}`],
  [
    'keys that begin with it and never end',
    `{"a":"${'_in_cents"'.repeat(10).replaceAll('"', '\\"')}","${'_in_cents_'.repeat(MEBI)}`,
  ],
  ['space between such a key and its value', `{"a_in_cents"${' '.repeat(12 * MEBI)}:1.0}`],
  ['such keys with nothing but space behind', `{${`"a_in_cents"${' '.repeat(50)},`.repeat(100_000)}`],
  ['an amount with millions of digits', `{"a_in_cents":${'9'.repeat(8 * MEBI)}}`],
  ['an amount with millions of digits and no end', `{"a_in_cents":${'9'.repeat(8 * MEBI)}e`],
  ['quotes with a backslash before each', `{"a":"${'\\"'.repeat(6 * MEBI)}","n":12345678901234567890}`],
  ['backslashes', `{"a":"${'\\\\'.repeat(6 * MEBI)}","n":12345678901234567890}`],
  ['a text that never ends', `{"n":12345678901234567890,"a":"${'\\"'.repeat(6 * MEBI)}`],
  ['minus signs', `{"n":12345678901234567890,"a":${'-'.repeat(8 * MEBI)}}`],
  ['lists in one another', `${'['.repeat(6 * MEBI)}${']'.repeat(6 * MEBI)}`],
  ['empty objects', `[${'{},'.repeat(5 * MEBI)}{}]`],
])('a body is read in time in proportion to its length: %s', (_what, text) => {
  const read = tryJson(text);
  if (read === undefined) return;
  expect(JSON.stringify(read.value).length).toBeLessThanOrEqual(text.length + 4);
});

test('a body with more values than anybody sends is not read', () => {
  const list = (n: number) => `[${Array(n).fill('""').join()}]`;
  expect(tryJson(list(500_000 - 1))?.value).toHaveLength(500_000 - 1);
  expect(tryJson(list(500_001))).toBeUndefined();
  // Signs within texts are no values.
  expect(tryJson(JSON.stringify([',[{'.repeat(500_000)]))).toBeDefined();
});

test('of very many errors, and very long ones, the first are kept, and what was cut says so', () => {
  const errors = errorsOf({ errors: [`${'x'.repeat(1_999)}${'\u{1f600}'.repeat(1_000)}`, ...Array(999).fill('bad')] });
  expect(errors).toHaveLength(21);
  expect(errors[0]).toBe(`${'x'.repeat(1_999)} … (3,999 characters in all)`);
  expect(errors.at(-1)).toBe('and 980 more');
});
