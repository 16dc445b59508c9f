// The pictures show what the numbers say, and say it in words to those who do not see them.
import { expect, test } from 'vitest';
import { budgetChart, summaryOf } from '../../../src/server/page/budget-chart.js';
import { coverageBar, percent } from '../../../src/server/page/coverage-bar.js';

const now = new Date('2026-03-11T00:00:00Z');
const minutes = (counts: readonly number[], rejected: readonly number[] = []) =>
  counts.map((requests, i) => ({
    minute: new Date(now.getTime() - (counts.length - i) * 60_000),
    requests,
    rejected: rejected[i] ?? 0,
  }));
const attributes = (svg: string, pattern: RegExp) => [...svg.matchAll(pattern)].map((match) => Number(match[1]));

test('a bar is as high as its share of the scale, and the limit is a line across', () => {
  const svg = budgetChart(minutes([0, 50, 100]), 100).text;
  const [half, full] = attributes(svg, /class="bar"[^>]* height="([\d.]+)"/g);
  expect(full).toBeCloseTo(2 * (half ?? 0), 0);
  const [limit] = attributes(svg, /class="limit"[^>]* y1="([\d.]+)"/g);
  expect(limit).toBeCloseTo(100 - (full ?? 0), 0);
});

test('a minute over the limit stays inside the picture', () => {
  const svg = budgetChart(minutes([250]), 100).text;
  expect(Math.min(...attributes(svg, / y1?="([-\d.]+)"/g))).toBeGreaterThanOrEqual(0);
});

test('minutes with a 429 are marked, and the legend says what the mark is', () => {
  expect(budgetChart(minutes([5, 5]), 100).text).not.toContain('rejected');
  const svg = budgetChart(minutes([5, 5], [0, 1]), 100).text;
  expect(svg.match(/class="rejected"/g)).toHaveLength(1);
  expect(svg).toContain('answered with 429');
});

test('an hour without a request is an empty picture', () => {
  expect(budgetChart(minutes(Array(60).fill(0)), 100).text).not.toMatch(/class="bar"|NaN|Infinity/);
});

test('the summary holds the sum, the most, the limit and the refusals', () => {
  expect(summaryOf(minutes([1_000, 200], [0, 2]), 600)).toBe(
    'Requests per minute over the last hour: 1,200 in all, at most 1,000 in a minute; the limit is 600; 2 answered with 429.',
  );
});

const oldest = new Date('2026-03-01T00:00:00Z');
const day = (n: number) => new Date(Date.UTC(2026, 2, n));

test('what was read whole is drawn from the oldest record on, and what only the newest part proves in another colour', () => {
  const bar = coverageBar(
    { oldest, wholeAsOf: day(6), newUpTo: day(10), certified: [{ from: null, to: day(6) }] },
    now,
  ).text;
  expect(bar).toContain(
    'aria-label="the whole list is certified as of 2026-03-06 00:00:00 UTC; after that only new records, up to 2026-03-10 00:00:00 UTC"',
  );
  expect(attributes(bar, /class="certified" x="0" width="([\d.]+)"/g)).toEqual([500]);
  expect(attributes(bar, /class="newest" x="500" width="([\d.]+)"/g)).toEqual([400]);
});

test('no proof of the newest part is ever called a share of the time', () => {
  const whole = { oldest, wholeAsOf: day(6), newUpTo: now, certified: [{ from: null, to: day(6) }] };
  expect(coverageBar(whole, now).text).not.toContain('%');
  const never = coverageBar({ oldest, wholeAsOf: null, newUpTo: now, certified: [] }, now).text;
  expect(never).toContain('only new records are proved, up to 2026-03-11 00:00:00 UTC');
  expect(coverageBar({ oldest, wholeAsOf: null, newUpTo: null, certified: [] }, now).text).toContain(
    'nothing is certified',
  );
});

test('parts that a backfill read are a share of the time, as of when they were read', () => {
  const bar = coverageBar(
    { oldest, wholeAsOf: null, newUpTo: null, certified: [{ from: day(1), to: day(6) }] },
    now,
  ).text;
  expect(bar).toContain(
    '50 % of the time since 2026-03-01 is certified, each part as of when it was read; the whole list never was',
  );
});

test.each([
  [1, '100 %'],
  [0.99999, '99.9 %'],
  [0.5, '50 %'],
  [0, '0 %'],
])('a share of %f is %s', (share, words) => {
  expect(percent(share)).toBe(words);
});
