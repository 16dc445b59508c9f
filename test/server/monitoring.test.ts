// The dashboard and the alert rules speak of metrics that exist, and every alert is explained.
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openTestServer, type TestServer } from '../support/server.js';

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');
const namesIn = (text: string): string[] => [...new Set(text.match(/\b(hive_sync|process|nodejs)_[a-z0-9_]+/g))];

let server: TestServer;
beforeAll(async () => {
  server = await openTestServer({ url: 'http://127.0.0.1:9', apiKey: 'a-key' });
});
afterAll(() => server.close());

/** What the server tells, also of that of which nothing has happened yet. */
async function servedNames(): Promise<Set<string>> {
  const text = await (await server.ask('/metrics')).text();
  const types = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)];
  return new Set(
    types.flatMap(([, name = '', type]) =>
      type === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => name + end) : [name],
    ),
  );
}

test.each(['docs/grafana-dashboard.json', 'docs/alerts.yml'])('every metric named in %s exists', async (file) => {
  const served = await servedNames();
  const named = namesIn(read(file));
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => !served.has(name))).toEqual([]);
});

test('every metric of the product is told of in docs/operations.md', async () => {
  const told = new Set(namesIn(read('docs/operations.md')));
  const own = [...(await servedNames())].filter((name) => name.startsWith('hive_sync_'));
  const families = new Set(own.map((name) => name.replace(/_(bucket|sum|count)$/, '')));
  expect([...families].filter((name) => !told.has(name))).toEqual([]);
});

test('every alert says what it means and what to do in docs/operations.md, and no other is told of there', () => {
  const rules = [...read('docs/alerts.yml').matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
  const told = [...read('docs/operations.md').matchAll(/^#### (HiveSync\w+)$/gm)].map(([, name]) => name);
  expect(rules.length).toBeGreaterThan(10);
  expect(told.sort()).toEqual(rules.sort());
});

const RULES = [
  ...read('docs/alerts.yml').matchAll(/- alert: (\w+)\n\s+expr: (?:>-\n)?([\s\S]*?)\n\s+(?:for|labels):/g),
].map(([, name = '', expression = '']) => ({ name, expression }));

test('a collection that was never proved, and a full run that never was, are told of from the first scrape on', async () => {
  const told = (await (await server.ask('/metrics')).text()).split('\n');
  const of = (name: string) => told.filter((line) => line.startsWith(`hive_sync_${name}{`));
  for (const name of ['certified_age_seconds', 'new_records_age_seconds', 'open_records_age_seconds']) {
    expect(of(name)).toHaveLength(6);
    for (const line of of(name)) expect(line).toMatch(/ \+Inf$/);
  }
  expect(of('last_complete_run_timestamp_seconds').filter((line) => line.includes('mode="full"'))).toEqual([
    'hive_sync_last_complete_run_timestamp_seconds{account="default",mode="full"} 0',
  ]);
  // No count, so no difference: a series here would say that they agree.
  expect(of('missing_records')).toEqual([]);
});

test('each age of a proof has a rule for old ones, and one rule fires where there is none', () => {
  for (const name of ['certified', 'new_records', 'open_records']) {
    const old = RULES.filter(({ expression }) => expression.includes(`hive_sync_${name}_age_seconds) >`));
    expect(old.map(({ expression }) => expression)).toEqual([
      expect.stringMatching(/^\(max by \(account, collection\) \(\w+\) > \d+ \* 3600\) < \+Inf$/),
    ]);
  }
  expect(RULES.find(({ name }) => name === 'HiveSyncNeverProved')?.expression).toMatch(
    /certified_age_seconds\) == \+Inf$/,
  );
  expect(RULES.find(({ name }) => name === 'HiveSyncRecordsMissing')?.expression).toMatch(/missing_records\) != 0$/);
});

test('the dashboard is one that Grafana can load: panels with queries, and no two at one place', () => {
  const { panels } = JSON.parse(read('docs/grafana-dashboard.json')) as {
    panels: { id: number; gridPos: { x: number; y: number; w: number; h: number }; targets: { expr: string }[] }[];
  };
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, i) => `${x + (i % w)} ${y + Math.floor(i / w)}`),
  );
  expect(new Set(cells).size).toBe(cells.length);
  for (const { targets } of panels) expect(targets.map(({ expr }) => expr).join('')).toMatch(/[a-z]_[a-z]/);
});

test('every warning and error of the log is told of in docs/operations.md', () => {
  const told = read('docs/operations.md');
  const said = readdirSync(new URL('../../src/', import.meta.url), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => [...read(`src/${file}`).matchAll(/\blog(?:\.warn|\.error|\[[^\]]+\])\(([^;]*)\);/g)])
    .flatMap(([, call = '']) => [...call.matchAll(/'([a-z][^'\n]{12,})'/g)].map(([, message = '']) => message));
  expect(said.length).toBeGreaterThan(12);
  expect(said.filter((message) => !told.includes(message))).toEqual([]);
});
