// Arrays come back as they were, and a connection that is lost while it is opened ends nothing but the statement.
import { once } from 'node:events';
import net from 'node:net';
import { sql } from 'drizzle-orm';
import { expect, onTestFinished, test } from 'vitest';
import { parseArray } from '../../src/db/array-types.js';
import { openDatabase } from '../../src/db/database.js';
import { isServiceAway } from '../../src/service-trouble.js';
import { createDatabase, openTestDatabase } from '../support/database.js';
import fc from '../support/property.js';

const { db } = await openTestDatabase();

test('arrays of texts and numbers come back from PostgreSQL as they were sent', async () => {
  const texts = fc.array(fc.option(fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0'))));
  await fc.assert(
    fc.asyncProperty(texts, fc.array(fc.maxSafeInteger()), fc.array(fc.boolean()), async (words, numbers, answers) => {
      const given = JSON.stringify({ words, numbers, answers });
      const array = (field: string, type: string) => sql`
        array(select e::${sql.raw(type)} from jsonb_array_elements_text((${given}::jsonb) -> ${field}::text)
          with ordinality as x (e, n) order by n)`;
      const [row] = await db.execute(sql`
        select ${array('words', 'text')} as words, ${array('numbers', 'int8')} as numbers, ${array('answers', 'bool')} as answers`);
      expect(row).toEqual({ words, numbers, answers });
    }),
    { numRuns: 100, seed: 7 },
  );
});

test('arrays of arrays, of objects and with another lower bound are read too', async () => {
  const object = JSON.stringify({ a: 'b,}"' });
  const [row] = await db.execute(sql`
    select array[[1,2],[3,4]] as nested, array[${object}::jsonb] as objects,
      '[0:1]={5,6}'::int[] as shifted, '{}'::text[] as empty`);
  expect(row).toEqual({
    nested: [
      [1, 2],
      [3, 4],
    ],
    objects: [{ a: 'b,}"' }],
    shifted: [5, 6],
    empty: [],
  });
  expect(parseArray('{NULL,"NULL",x}', (text) => text)).toEqual([null, 'NULL', 'x']);
});

test('a connection that is reset right after it is open fails the statement, which somebody can catch', async () => {
  const { hostname, port, href } = new URL(await createDatabase());
  let isCut = false;
  const proxy = net.createServer((client) => {
    const server = net.connect(Number(port), hostname);
    server.on('error', () => {});
    client.on('error', () => {});
    client.on('close', () => server.destroy());
    client.pipe(server);
    // ReadyForQuery: from here on the connection is used.
    server.on('data', (data: Buffer) => {
      client.write(data);
      if (isCut && data.includes('Z\0\0\0\x05I')) setImmediate(() => client.resetAndDestroy());
    });
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  onTestFinished(() => void proxy.close());
  const url = new URL(href);
  url.host = `127.0.0.1:${(proxy.address() as net.AddressInfo).port}`;
  const database = await openDatabase(url.href, { connections: 4 });
  isCut = true;
  const attempts = Array.from({ length: 40 }, () => database.db.execute(sql`select pg_sleep(0.01)`));
  for (const ended of await Promise.allSettled(attempts)) {
    if (ended.status === 'rejected') expect(ended.reason).toSatisfy(isServiceAway);
  }
  await database.close();
});
