// The embedded PostgreSQL with real servers: who starts it, who shares it, and as which user of the system it runs.
import { once } from 'node:events';
import { chmodSync, mkdirSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { EmbeddedPostgresError } from '../../src/db/embedded/index.js';
import { needing } from '../support/needs.js';
import { processesWith } from './embedded-child.js';
import { ask, home, isRunning, kill, open, root, useHomes, user } from './embedded-home.js';

useHomes();

describe('start', () => {
  test('makes a UTF-8 cluster on the loopback address, with a password only its owner can read', async () => {
    const { url, adopted } = await open();
    expect(adopted).toBe(false);
    expect(url).toContain('/hive_sync');
    expect(await ask(url, `select 'Größe – 日本' || chr(128029)`)).toBe('Größe – 日本🐝');
    expect(await ask(url, `select getdatabaseencoding() || ' ' || datlocale from pg_database limit 1`)).toBe(
      'UTF8 C.UTF-8',
    );
    expect(await ask(url, 'show listen_addresses')).toBe('127.0.0.1');
    expect(await ask(url, 'show unix_socket_directories')).toBe('');
    expect(await ask(url, 'show max_connections')).toBe('400');
    expect(statSync(join(home, 'postgres/password')).mode & 0o777).toBe(0o600);
    await expect(ask(url.replace(/:[^:@]+@/, ':wrong@'), 'select 1')).rejects.toThrow('password');
  });

  test('keeps the data over a stop, and syncs it to disk unless told otherwise', async () => {
    const first = await open();
    await ask(first.url, 'create table kept as select 1 as one');
    expect(await ask(first.url, 'show fsync')).toBe('off');
    await first.close();
    const second = await open({ durable: true });
    expect(second.adopted).toBe(false);
    expect(await ask(second.url, 'show fsync')).toBe('on');
    expect(await ask(second.url, 'select one from kept')).toBe(1);
  });

  test('takes another port when the wanted one is busy', async () => {
    const busy = createServer().listen(0, '127.0.0.1');
    await once(busy, 'listening');
    const address = busy.address();
    const preferredPort = typeof address === 'object' && address !== null ? address.port : 0;
    const { url, port } = await open({ preferredPort });
    expect(port).not.toBe(preferredPort);
    expect(await ask(url, 'select 1')).toBe(1);
    busy.close();
  });

  test('says what to do about data of another major version', async () => {
    await (await open()).close();
    writeFileSync(join(home, 'postgres/data/PG_VERSION'), '17\n');
    await expect(open()).rejects.toThrow(EmbeddedPostgresError);
    await expect(open()).rejects.toThrow(/made by PostgreSQL 17, .* DATABASE_URL/);
  });

  test('shows the end of the log when the server does not start', async () => {
    await (await open()).close();
    writeFileSync(join(home, 'postgres/data/postgresql.conf'), 'no_such_setting = 1\n');
    await expect(open()).rejects.toThrow(/did not start: .*no_such_setting/);
  });

  test('takes over the lock of a dead process', async () => {
    mkdirSync(home);
    writeFileSync(join(home, 'start.lock'), '2147483647 1 feedface');
    expect(await ask((await open()).url, 'select 1')).toBe(1);
  });
});

describe('sharing', () => {
  test('two processes that race on an empty home get one server', async () => {
    const users = await Promise.all([user(), user(), open()]);
    expect(users.filter(({ adopted }) => !adopted)).toHaveLength(1);
    expect(new Set(users.map(({ url }) => url)).size).toBe(1);
  });

  test('the last close stops the server, an earlier one does not', async () => {
    const first = await open();
    const second = await open();
    expect(second).toMatchObject({ adopted: true, url: first.url });
    await first.close();
    await first.close();
    expect(await ask(second.url, 'select 1')).toBe(1);
    await second.close();
    expect(isRunning()).toBe(false);
  });

  test('a close in another process counts as well', async () => {
    const other = await user();
    const mine = await open();
    other.child.stdin?.write('close\n');
    await once(other.child, 'exit');
    expect(await ask(mine.url, 'select 1')).toBe(1);
  });

  test('close, then open at once, again and again', async () => {
    for (let round = 0; round < 5; round += 1) {
      const leaving = await open();
      const [next] = await Promise.all([open(), leaving.close()]);
      expect(await ask(next.url, 'select 1')).toBe(1);
      await next.close();
    }
  });

  test('open and close at once still waits for the end', async () => {
    await (await open()).close();
    for (let round = 0; round < 5; round += 1) {
      await (await open()).close();
      expect(isRunning()).toBe(false);
    }
  });
});

describe('users of the system', needing('root'), () => {
  test('runs for an ordinary user, as that user, and root joins it as the same', async () => {
    mkdirSync(home, { mode: 0o777 });
    chmodSync(home, 0o777);
    const nobody = await user({ uid: 65_534, gid: 65_534 });
    expect(statSync(join(home, 'postgres/data')).uid).toBe(65_534);
    expect((await open()).adopted).toBe(true);
    await kill(nobody);
  });

  test('a home behind a closed door gets its data outside, and says so', async () => {
    const closed = join(root, 'closed');
    mkdirSync(closed, { mode: 0o700 });
    const lines: string[] = [];
    const inner = join(closed, 'home');
    const server = await open({ home: inner, log: (line) => lines.push(line) });
    const outside = realpathSync(join(inner, 'postgres'));
    expect(outside.startsWith(closed)).toBe(false);
    expect(lines.join()).toContain(outside);
    await ask(server.url, 'create table kept as select 7 as days');
    await server.close();
    const again = await open({ home: inner });
    expect(await ask(again.url, 'select days from kept')).toBe(7);
    await again.close();
    expect(processesWith(outside)).toEqual([]);
    rmSync(outside, { recursive: true });
  });
});
