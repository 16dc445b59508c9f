// Promise: the ten questions of docs/analysts.md have the answers that stand there, on the demo's data, also after a
// second sync and after a rederive.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import pg from 'pg';
import { expect, test } from 'vitest';
import { openStage } from '../support/command.js';

interface Question {
  readonly title: string;
  readonly query: string;
  /** Names of the columns, then the cells of each row, as psql prints them. */
  readonly answer: readonly (readonly string[])[];
}

const page = readFileSync(path.resolve(import.meta.dirname, '../../docs/analysts.md'), 'utf8');
const questions: Question[] = [...page.matchAll(/^### (.+?)\n.*?^```sql\n(.*?)^```\n+^```\n(.*?)^```/gms)].map(
  ([, title = '', query = '', table = '']) => ({
    title,
    query,
    answer: table
      .trimEnd()
      .split('\n')
      .filter((line) => !/^[-+]+$/.test(line))
      .map((line) => line.split('|').map((text) => text.trim())),
  }),
);

/** As text, in the way in which psql shows it. */
async function answerTo(url: string, query: string): Promise<string[][]> {
  const client = new pg.Client({ connectionString: url, types: { getTypeParser: () => (value: string) => value } });
  await client.connect();
  try {
    const { fields, rows } = await client.query<(string | null)[]>({ text: query, rowMode: 'array' });
    return [fields.map(({ name }) => name), ...rows.map((row) => row.map((value) => value ?? ''))];
  } finally {
    await client.end();
  }
}

test('there are ten questions, each with rows in its answer', () => {
  expect(questions.map(({ title }) => Number.parseInt(title, 10))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  for (const { title, answer } of questions) expect(answer.length, title).toBeGreaterThan(1);
});

test('the answers are those of the page, also after a second sync and a rederive', async () => {
  // The simulator's own sizes, seed and end, as in the demo.
  const stage = await openStage({}, { HIVE_ACCOUNT: 'demo' });
  for (const command of [['sync'], ['sync', '--full'], ['rederive']]) {
    expect(await stage.run(...command), command.join(' ')).toMatchObject({ code: 0 });
    for (const { title, query, answer } of questions) {
      expect(await answerTo(stage.url, query), `${title}, after ${command.join(' ')}`).toEqual(answer);
    }
  }
  await stage.simulator.close();
});
