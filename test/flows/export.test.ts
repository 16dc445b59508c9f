// Promise: an export is the table as it is, under its name only when it is whole.
import { execFile } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startCli } from '../support/cli.js';
import { openStage, type Stage } from '../support/command.js';
import { until } from '../support/until.js';

const folder = mkdtempSync(path.join(tmpdir(), 'hive-sync-export-'));
let stage: Stage;
beforeAll(async () => {
  stage = await openStage({ sizes: {} });
  expect((await stage.run('migrate')).code).toBe(0);
  await stage.inDatabase(({ db }) =>
    db.execute(sql`
      insert into hive.warehouses (account, id, name, city, _first_seen_at, _fetched_at, _changed_at, _source, _content_hash, _raw)
      select case when n % 2 = 0 then 'default' else 'o''ther' end, n, ${'a "b", \\ \u0001\nc'}, repeat('x', 500),
        '2026-11-01 12:00+02', now(), now(), 'page', '', '{}' from generate_series(1, 60000) n`),
  );
  await stage.inDatabase(({ db }) =>
    db.execute(
      sql`insert into sync.runs (account, mode, collections, trigger) values ('default', 'full', '{}', 'cli')`,
    ),
  );
});
afterAll(async () => {
  await stage.simulator.close();
  rmSync(folder, { recursive: true });
});

test('JSON lines are the rows, one per line, whatever is in their texts', async () => {
  const out = path.join(folder, 'warehouses.jsonl');
  const ended = await stage.run('export', 'hive.warehouses', '--format', 'jsonl', '--out', out);
  expect(ended).toMatchObject({ code: 0, stdout: '' });
  expect(ended.stderr).toContain('60,000 rows of hive.warehouses');
  const lines = readFileSync(out, 'utf8').trimEnd().split('\n');
  expect(lines).toHaveLength(60_000);
  const rows = lines.map((line) => JSON.parse(line));
  expect(rows.find(({ id }) => id === 1)).toMatchObject({
    id: 1,
    name: 'a "b", \\ \u0001\nc',
    _first_seen_at: '2026-11-01T10:00:00+00:00',
  });
});

test('CSV has headings, counts rows and not lines, and takes one account', async () => {
  const ended = await stage.run('export', 'warehouses', '--account', 'default');
  expect(ended).toMatchObject({ code: 0 });
  expect(ended.stderr).toContain('30,000 rows of hive.warehouses');
  expect(ended.stdout).toMatch(/^account,id,name,/);
  expect(ended.stdout).toContain('"a ""b"", \\ \u0001\nc"');
});

test('a view is exported like a table', async () => {
  const ended = await stage.run('export', 'freshness');
  expect(ended).toMatchObject({ code: 0 });
  expect(ended.stdout).toMatch(/^account,collection,rows/);
});

test('in CSV no text is a formula for a spreadsheet, unless it is asked for; numbers, instants and JSON lines stay as they are', async () => {
  const texts = ['=1+1', '+49 30 1', '-5', '@SUM(A1)', '\t=1', '\r=1', '\n=1', ' =1', '＝1', 'a=1', "'=1", '', '"=1'];
  await stage.inDatabase(({ db }) =>
    db.execute(sql`
      insert into hive.warehouses (account, id, name, _first_seen_at, _fetched_at, _changed_at, _source, _content_hash, _raw)
      select 'formulas', -ordinality, text, now(), now(), now(), 'page', '', '{}'
      from jsonb_array_elements_text(${JSON.stringify(texts)}::text::jsonb) with ordinality as given(text)`),
  );
  await stage.inDatabase(({ db }) =>
    db.execute(
      sql`insert into sync.runs (account, mode, collections, trigger) values ('formulas', 'full', '{}', 'cli')`,
    ),
  );
  const namesOf = async (...options: string[]) => {
    const { code, stdout, stderr } = await stage.run('export', 'warehouses', '--account', 'formulas', ...options);
    expect(code, stderr).toBe(0);
    return texts.map((_, i) => {
      const [, name = ''] = new RegExp(`^formulas,-${i + 1},("(?:[^"]|"")*"|[^,]*),`, 'm').exec(stdout) ?? [];
      return name.replace(/^"(.*)"$/s, '$1').replaceAll('""', '"');
    });
  };
  expect(await namesOf()).toEqual(texts.map((text, i) => (i < 9 ? `'${text}` : text)));
  expect(await namesOf('--raw-text')).toEqual(texts);
  const lines = await stage.run('export', 'warehouses', '--account', 'formulas', '--format', 'jsonl');
  const rows: { id: number; name: string }[] = lines.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  // In no particular order.
  expect(rows.sort((a, b) => b.id - a.id).map(({ name }) => name)).toEqual(texts);
  const wrong = await stage.run('export', 'warehouses', '--format', 'jsonl', '--raw-text');
  expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining('--raw-text is for csv') });
});

test('only its owner can read a new file; one that is replaced keeps its rights', async () => {
  const out = path.join(folder, 'rights.csv');
  expect((await stage.run('export', 'warehouses', '--account', 'default', '--out', out)).code).toBe(0);
  expect(statSync(out).mode & 0o777).toBe(0o600);
  chmodSync(out, 0o640);
  expect((await stage.run('export', 'warehouses', '--account', 'default', '--out', out)).code).toBe(0);
  expect(statSync(out).mode & 0o777).toBe(0o640);
});

test('a link, or a file of somebody else, does not say who reads the export that takes its place', async () => {
  const open = path.join(folder, 'open.txt');
  writeFileSync(open, 'as it was');
  chmodSync(open, 0o666);
  const planted = path.join(folder, 'planted.csv');
  symlinkSync(open, planted);
  const places = [planted];
  if (process.getuid?.() === 0) {
    const theirs = path.join(folder, 'theirs.csv');
    writeFileSync(theirs, '');
    chmodSync(theirs, 0o666);
    chownSync(theirs, 65_534, 65_534);
    places.push(theirs);
  }
  for (const out of places) {
    expect((await stage.run('export', 'warehouses', '--account', 'default', '--out', out)).code).toBe(0);
    const { mode, uid } = lstatSync(out);
    expect({ out, mode: mode & 0o777, uid }).toEqual({ out, mode: 0o600, uid: process.getuid?.() });
  }
  expect(readFileSync(open, 'utf8')).toBe('as it was');
});

test('a reader that leaves early is no error', async () => {
  const main = path.resolve('dist/main.js');
  const { stdout, stderr } = await promisify(execFile)(
    'sh',
    [
      '-c',
      `{ "${process.execPath}" "${main}" export warehouses --format jsonl; echo $? >&2; } | head -n 1 | cut -c1-12`,
    ],
    { env: { PATH: process.env.PATH, ...stage.env }, timeout: 20_000 },
  );
  expect(stdout).toBe('{"account":"\n');
  // Progress may stand before it, on a machine that takes its time.
  expect(stderr).toMatch(/^(\w+: [\d,]+ of [\d,]+ rows\n)*0\n$/);
});

test('an interrupted export leaves no file, and what was there before', async () => {
  const out = path.join(folder, 'slow.csv');
  await stage.inDatabase(({ db }) =>
    db.execute(
      sql`create view hive.slow as select repeat('y', 100000) as text, pg_sleep(0.01)::text as nap from generate_series(1, 5000)`,
    ),
  );
  const started = startCli(['export', 'slow', '--out', out], stage.env);
  await until('the export has begun', () => readdirSync(folder).some((name) => name.startsWith('slow.csv.')));
  started.kill('SIGINT');
  expect(await started.ended).toMatchObject({ code: 130 });
  expect(readdirSync(folder).filter((name) => name.startsWith('slow'))).toEqual([]);
});

test('what is no file is refused, and stays', async () => {
  const pipe = path.join(folder, 'pipe');
  await promisify(execFile)('mkfifo', [pipe]);
  const ended = await stage.run('export', 'orders', '--out', pipe);
  expect(ended).toMatchObject({ code: 2, stdout: '' });
  expect(ended.stderr).toMatch(/which is no file\. Leave --out away/);
  expect(statSync(pipe).isFIFO()).toBe(true);
});

test.each([
  ['an unknown table', ['nope'], /no table or view "nope".*Expected one of: carrier_performance.*warehouses\./],
  ['a table of the machinery', ['sync.runs'], /no table or view "sync\.runs" in schema hive/],
  ['an unknown format', ['orders', '--format', 'xml'], /--format is "xml"\. Expected csv or jsonl/],
  ['a folder that is not there', ['orders', '--out', '/nope/x'], /there is no folder \/nope/],
  ['a folder as file', ['orders', '--out', '/tmp'], /which is a folder/],
  ['an unknown account', ['orders', '--account', `x' or true --`], /There is no account/],
])('%s is refused in one sentence', async (_, args, sentence) => {
  const ended = await stage.run('export', ...args);
  expect(ended).toMatchObject({ code: 2, stdout: '' });
  expect(ended.stderr).toMatch(sentence);
});
