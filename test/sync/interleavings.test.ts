// Promise: two writers at the same record come to the same end as one after the other, however they interleave. Every
// pair is played with the one held at each of its gates in turn (before each statement that writes, and before it
// commits) while the other runs as far as it can.
import { sql } from 'drizzle-orm';
import { afterAll, describe, expect, test } from 'vitest';
import { shipments } from '../../src/collections/shipments.js';
import { fileDeadLetters } from '../../src/db/dead-letters.js';
import { describe as inWords } from '../../src/errors.js';
import { takeInWebhooks } from '../../src/sync/webhooks/take-in-webhook.js';
import { expectedOf, parsed, readStored } from '../support/collections.js';
import { running } from '../support/gates.js';
import { until } from '../support/until.js';
import {
  ACCOUNT,
  change,
  closeParts,
  gates,
  logged,
  type Name,
  plain,
  type Side,
  sides,
  startAnew,
  statuses,
  target,
  writers,
} from './interleaving-parts.js';

afterAll(closeParts);

/** Rows before: none, or only the one with the greatest id, so that new and old ones are taken in another order. */
const beginnings = ['new', 'partly there'] as const;

async function begin(rows: (typeof beginnings)[number]): Promise<void> {
  await startAnew();
  change();
  change();
  if (rows === 'partly there') {
    const store = await writers.page.prepare({ ...sides.first.context, db: plain.db });
    await store();
    await plain.db.execute(sql`delete from hive.shipments where id < ${target.id}`);
    await plain.db.execute(sql`delete from hive.shipment_items where shipment_id < ${target.id}`);
    // Something for rederive to mend.
    await plain.db.execute(sql`update hive.shipments set tracking_url = 'damaged'`);
  }
  const none = { runId: null, page: null, url: null, httpStatus: null };
  const letter = { account: ACCOUNT, collection: 'shipments', kind: 'record' as const, recordId: target.id, ...none };
  const trouble = { errorCode: 'invalid_record', errors: ['x'], payload: {}, attempts: 1, fingerprint: 'record x' };
  await fileDeadLetters(plain.db, [{ ...letter, ...trouble }]);
  change();
  logged.text = '';
}

/**
 * The first asks before the record changes, the second after that. One of them is held at its nth gate while the other
 * runs as far as it can. @returns whether it had such a gate, and the newest status that was brought
 */
async function play(
  pair: readonly [Name, Name],
  held: Side,
  at: number,
): Promise<{ wasHeld: boolean; newest: unknown }> {
  const act = {
    first: await writers[pair[0]].prepare(sides.first.context),
    second: await writers[pair[1]].prepare(sides.second.context),
  };
  let newest = writers[pair[0]].isNews ? statuses().at(-1) : undefined;
  await gates.hold('first', held === 'first' ? at : 1);
  await gates.hold('second', held === 'second' ? at : null);
  const first = running(act.first);
  const stands = await gates.untilStill('first', first);
  change();
  if (writers[pair[1]].isNews) newest = statuses().at(-1);
  const second = running(act.second);
  let wasHeld = stands === 'held';
  if (held === 'second') {
    wasHeld = (await gates.untilStill('second', second)) === 'held';
    await gates.open('first');
    if (wasHeld) await gates.untilStill('first', first);
  } else if (wasHeld) await gates.untilStill('second', second);
  await gates.open(held);
  await until('both have ended', () => first.hasEnded() && second.hasEnded());
  for (const { error } of [first, second]) if (error() !== undefined) problems.push(`threw: ${inWords(error())}`);
  return { wasHeld, newest };
}

/** What is not as it should be after the schedule under way. */
let problems: string[] = [];

async function judge(newest: unknown): Promise<void> {
  // Who found another at it comes again.
  await takeInWebhooks({ ...sides.first.context, db: plain.db });
  if (logged.text.includes('deadlock')) problems.push('a deadlock');
  for (const [id, stored] of await readStored(plain.db, shipments, ACCOUNT)) {
    const derived = expectedOf(shipments, parsed(shipments, stored.raw));
    if (JSON.stringify(stored) !== JSON.stringify(derived)) problems.push(`row ${id} is not what its payload says`);
  }
  const [row] = await plain.db.execute<{ status: string; in_doubt: boolean }>(sql`
    select status, exists (select from sync.webhook_deliveries d where d.record_id = s.id and d.processed_at is null)
      as in_doubt from hive.shipments s where id = ${target.id}`);
  if (row === undefined) problems.push('the row is missing');
  else if (row.status !== newest && !row.in_doubt) problems.push('the row is not the newest');
  const truth = statuses();
  const chain = await plain.db.execute<{ old: string; new: string }>(sql`
    select old, new from hive.status_changes where record_id = ${target.id} and field = 'status' order by id`);
  const isTrue = chain.every((one) => truth.includes(one.old) && truth.indexOf(one.old) < truth.indexOf(one.new));
  if (!isTrue) problems.push('status_changes tells what never was');
}

const pairs: readonly (readonly [Name, Name])[] = [
  ['page', 'page'],
  ['page', 'webhook'],
  ['webhook', 'page'],
  ['page', 'late webhook'],
  ['late webhook', 'page'],
  ['page', 'lookup'],
  ['lookup', 'page'],
  ['lookup', 'webhook'],
  ['webhook', 'lookup'],
  ['lookup', 'late webhook'],
  ['webhook', 'webhook'],
  ['rederive', 'page'],
  ['page', 'rederive'],
  ['rederive', 'webhook'],
  ['page', 'run end'],
  ['run end', 'page'],
  ['page', 'retry of a letter'],
  ['retry of a letter', 'page'],
];

/** More gates than any writer has: a mistake would try for ever. */
const MOST_GATES = 200;
/** In CI every tenth gate, and those before the first tables; SOAK tries all. */
const isTried = (at: number): boolean => process.env.SOAK !== undefined || at <= 2 || at % 10 === 0;

describe.each(beginnings)('rows: %s', (rows) => {
  test.each(pairs)(
    '%s and %s: the newest wins, nothing is told that never was, and nobody locks up',
    async (...pair) => {
      const found = new Map<string, string[]>();
      let schedules = 0;
      for (const held of ['first', 'second'] as const) {
        for (let at = 1; at <= MOST_GATES; at++) {
          if (!isTried(at)) continue;
          problems = [];
          await begin(rows);
          const { wasHeld, newest } = await play(pair, held, at);
          schedules += 1;
          await judge(newest);
          for (const problem of problems) found.set(problem, [...(found.get(problem) ?? []), `${held} at ${at}`]);
          if (!wasHeld) break;
        }
      }
      console.log(`${rows}, ${pair.join(' and ')}: ${schedules} schedules`);
      expect(Object.fromEntries(found)).toEqual({});
    },
    300_000,
  );
});
