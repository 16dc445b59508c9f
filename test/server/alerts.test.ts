// Each alert fires in its own case, by Prometheus' own judgement.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { needing } from '../support/needs.js';

const stories = fileURLToPath(new URL('alerts.yml', import.meta.url));
const rules = fileURLToPath(new URL('../../docs/alerts.yml', import.meta.url));

test('Prometheus takes the rules, and every story ends as it should', needing('promtool'), () => {
  for (const args of [
    ['check', 'rules', rules],
    ['test', 'rules', stories],
  ]) {
    const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8' });
    expect(status, stdout + stderr).toBe(0);
  }
});

test('each alert has a story in which it fires', () => {
  const { groups } = parse(readFileSync(rules, 'utf8')) as { groups: { rules: { alert: string }[] }[] };
  const { tests } = parse(readFileSync(stories, 'utf8')) as {
    tests: { alert_rule_test: { alertname: string; exp_alerts?: unknown[] }[] }[];
  };
  const fired = tests.flatMap((story) => story.alert_rule_test.filter((one) => (one.exp_alerts ?? []).length > 0));
  expect([...new Set(fired.map(({ alertname }) => alertname))].sort()).toEqual(
    groups.flatMap((group) => group.rules.map(({ alert }) => alert)).sort(),
  );
});
