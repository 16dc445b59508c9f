// Promise: a deadline fires, whatever is collected meanwhile; and nothing of ours relies on one that may not.
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { addressOf } from '../src/addresses/postgres.js';
import { dial } from '../src/db/connection/dial.js';
import { openDeadline } from '../src/within.js';
import { atEndOfTest } from './support/clean-up.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Memory is collected again and again until it is over. */
async function whileCollecting<T>(act: Promise<T>): Promise<T> {
  let isOver = false;
  const ended = act.finally(() => {
    isOver = true;
  });
  ended.catch(() => {});
  while (!isOver) {
    collect();
    await sleep(20);
  }
  return ended;
}

test('a deadline that nobody holds but who listens fires, and follows its signal until it is ended', async () => {
  const giving = new AbortController();
  const late = Promise.all(
    Array.from(
      { length: 200 },
      () =>
        new Promise<void>((resolve) =>
          openDeadline(100, giving.signal).signal.addEventListener('abort', () => resolve()),
        ),
    ),
  );
  await whileCollecting(late);
  const [followed, ended] = [openDeadline(undefined, giving.signal), openDeadline(10_000, giving.signal)];
  ended.end();
  giving.abort(new Error('enough'));
  expect([followed.signal.aborted, followed.isOver(), ended.signal.aborted]).toEqual([true, false, false]);
  expect(openDeadline(10_000, giving.signal).signal.reason).toEqual(new Error('enough'));
});

test('a connection to a server that takes it and says nothing is given up in time, each of many', async () => {
  const silent = net.createServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  atEndOfTest(() => silent.close());
  const { port } = silent.address() as AddressInfo;
  // TLS is asked about first, and that is never answered.
  const address = addressOf(`postgres://postgres@127.0.0.1:${port}/postgres?sslmode=require&connect_timeout=2`);
  const dialling = Array.from({ length: 40 }, () => dial(address, async () => true, new AbortController().signal));
  const ends = await whileCollecting(Promise.allSettled(dialling));
  expect(
    new Set(ends.map((end) => (end.status === 'rejected' ? (end.reason as { code: string }).code : 'open'))),
  ).toEqual(new Set(['ETIMEDOUT']));
}, 30_000);

test('no signal of ours is made of others together with a timeout: Node 20 may collect that one before it fires', () => {
  const src = path.resolve(import.meta.dirname, '../src');
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(
    (file) => file.endsWith('.ts') && file !== 'within.ts',
  );
  const using = files.filter((file) =>
    /AbortSignal\.any\([^;]*timeout/i.test(readFileSync(path.join(src, file), 'utf8')),
  );
  expect(using).toEqual([]);
});
