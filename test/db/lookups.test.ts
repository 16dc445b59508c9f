// A record that a list leaves out is asked for after that list, whatever was asked of it before.
import { expect, test } from 'vitest';
import { addLookups, finishLookup, type LookupReason, readLookup, waitingLookups } from '../../src/db/lookups.js';
import { openTestDatabase } from '../support/database.js';
import { ledgerOf } from './ledger-parts.js';

const database = await openTestDatabase();
const { db } = database;
const { newRun } = ledgerOf(database);

const add = async (run: { id: number; account: string }, reason: LookupReason) =>
  addLookups(db, run, { collection: 'orders', reason, priority: 1 }, [7]);

test.each<LookupReason>(['open', 'refresh', 'retry'])(
  'one of reason %s becomes that of a suspect and waits again',
  async (reason) => {
    const { run } = await newRun([]);
    await add(run, reason);
    const [asked] = await waitingLookups(db, run.id, 1);
    if (asked === undefined) throw new Error('it waits');
    await finishLookup(db, asked, { state: 'done', outcome: 'unchanged' });
    await add(run, 'suspect');
    expect(await readLookup(db, asked.id)).toMatchObject({ reason: 'suspect', state: 'waiting', outcome: null });
  },
);

test.each<LookupReason>(['open', 'refresh', 'retry'])(
  'an answer to one of reason %s that was under way meanwhile does not end it',
  async (reason) => {
    const { run } = await newRun([]);
    await add(run, reason);
    const [asked] = await waitingLookups(db, run.id, 1);
    if (asked === undefined) throw new Error('it waits');
    await add(run, 'suspect');
    await finishLookup(db, asked, { state: 'done', outcome: 'unchanged' });
    const again = await readLookup(db, asked.id);
    expect(again).toMatchObject({ reason: 'suspect', state: 'waiting', outcome: null });
    if (again !== undefined) await finishLookup(db, again, { state: 'done', outcome: 'gone' });
    expect(await readLookup(db, asked.id)).toMatchObject({ state: 'done', outcome: 'gone' });
  },
);

test('a suspect stays as it is, whatever it is wanted for beside that', async () => {
  const { run } = await newRun([]);
  await add(run, 'suspect');
  const [asked] = await waitingLookups(db, run.id, 1);
  if (asked === undefined) throw new Error('it waits');
  await finishLookup(db, asked, { state: 'done', outcome: 'gone' });
  for (const reason of ['open', 'retry', 'suspect'] as const) await add(run, reason);
  expect(await readLookup(db, asked.id)).toMatchObject({ reason: 'suspect', state: 'done', outcome: 'gone' });
});
