// Promise: a run that cannot go on keeps no other run from going on.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { collections } from '../../src/collections/index.js';
import { readRun } from '../../src/db/ledger.js';
import { openClaims } from '../../src/db/run-claims.js';
import { openLog } from '../../src/log.js';
import { openSimulator } from '../../src/simulator/index.js';
import { heal } from '../../src/sync/heal.js';
import { failRun } from '../../src/sync/runs/finish-run.js';
import { startFiled } from '../../src/sync/runs/start-filed.js';
import { fileRun, startRun } from '../../src/sync/runs/start-run.js';
import { openTestApp, workOff } from '../support/app.js';
import { createDatabase } from '../support/database.js';
import { until } from '../support/until.js';

test('a run of a newer release is left alone while somebody stands behind it, and then ended with one sentence', async () => {
  const url = await createDatabase();
  const app = await openTestApp(nobody, url);
  const { context } = app.account;
  const { db } = context;
  const elsewhere = openClaims(url);
  const said: string[] = [];
  const log = openLog('warn', { write: (line: string) => said.push(line) } as unknown as NodeJS.WriteStream);
  try {
    const { id } = await startRun({ ...context, claims: elsewhere.ofAccount('default'), enqueue: async () => {} }, [], {
      mode: 'full',
      trigger: 'cli',
    });
    await db.execute(sql`update sync.runs set collections = '{orders,invoices}' where id = ${id}`);
    const silence = () => db.execute(sql`update sync.runs set heartbeat_at = now() - interval '1 minute'`);
    await silence();
    await heal({ ...context, log });
    expect(await readRun(db, id)).toMatchObject({ state: 'running' });
    await elsewhere.close();
    await until('it is ended', async () => {
      await silence();
      await heal({ ...context, log });
      return (await readRun(db, id))?.state === 'failed';
    });
    expect(await readRun(db, id)).toMatchObject({ reason: expect.stringMatching(/newer one.*\(invoices\)/) });
    expect(said).toHaveLength(1);
  } finally {
    await app.close();
  }
});

test('a run that cannot be healed is left alone, and the one behind it is healed', async () => {
  const simulator = await openSimulator({ sizes: { warehouses: 3 }, rate: 'unlimited' });
  const app = await openTestApp(simulator, await createDatabase());
  const { context } = app.account;
  const { db } = context;
  const warehouses = collections.filter(({ name }) => name === 'warehouses');
  try {
    const lost = { ...context, enqueue: async () => {} };
    const strange = await startRun(lost, warehouses, { mode: 'backfill', trigger: 'schedule', from: AT, to: AT });
    await db.execute(sql`update sync.windows set collection = 'of a later release', state = 'reading'
      where run_id = ${strange.id}`);
    const { id } = await startRun(lost, warehouses, { mode: 'full', trigger: 'schedule' });
    await heal(context);
    expect((await workOff(app, id)).run.state).toBe('complete');
  } finally {
    await app.close();
    await simulator.close();
  }
});

test('a Redis that refuses every job, for however long, ends no run: it goes on when jobs are taken again', async () => {
  const simulator = await openSimulator({ sizes: { warehouses: 3 }, rate: 'unlimited' });
  const app = await openTestApp(simulator, await createDatabase());
  const { context } = app.account;
  const warehouses = collections.filter(({ name }) => name === 'warehouses');
  const full = Object.assign(new Error("OOM command not allowed when used memory > 'maxmemory'."), {
    name: 'ReplyError',
  });
  try {
    const lost = { ...context, enqueue: async () => {} };
    const { id } = await startRun(lost, warehouses, { mode: 'full', trigger: 'schedule' });
    for (let times = 0; times < 60; times++) {
      await heal({ ...context, enqueue: () => Promise.reject(full) }).catch(() => {});
    }
    expect(await readRun(context.db, id)).toMatchObject({ state: 'running' });
    await heal(context);
    expect((await workOff(app, id)).run.state).toBe('complete');
  } finally {
    await app.close();
    await simulator.close();
  }
});

test('a run that is filed while its process looks for lost work stays claimed: nobody takes it for one that was left behind', async () => {
  const url = await createDatabase();
  const app = await openTestApp(nobody, url);
  const elsewhere = openClaims(url);
  const { context } = app.account;
  const lost = { ...context, enqueue: async () => {} };
  try {
    let filed = () => {};
    const healed = new Promise<void>((resolve) => {
      filed = resolve;
    }).then(() => heal(context));
    const { id } = await startFiled(lost, async (tx) => {
      const run = await fileRun(tx, context, [], { mode: 'full', trigger: 'api' });
      // Nobody sees it yet.
      filed();
      await healed;
      return run;
    });
    expect(await elsewhere.ofAccount('default').claim(id)).toBe(false);
    await failRun(lost, id, 'enough');
    await heal(context);
    expect(await elsewhere.ofAccount('default').claim(id)).toBe(true);
  } finally {
    await elsewhere.close();
    await app.close();
  }
});

const nobody = { url: 'http://127.0.0.1:9', apiKey: 'a-key' };
const AT = new Date('2026-11-01T00:00:00Z');
