// What our sessions are set to, whoever set something else: the server's owner, the database's, the role's, the address.
import { once } from 'node:events';
import net from 'node:net';
import { sql } from 'drizzle-orm';
import pg from 'pg';
import postgres from 'postgres';
import { describe, expect, onTestFinished, test } from 'vitest';
import { addressOf, type Sessions } from '../../src/addresses/postgres.js';
import { pgOptions, postgresJsOptions } from '../../src/db/connection/driver-options.js';
import { overruledIn, SESSION } from '../../src/db/connection/session.js';
import { openDatabase } from '../../src/db/database.js';
import { migrate } from '../../src/db/migrate.js';
import { describe as told } from '../../src/errors.js';
import { openPostgresBackend } from '../../src/queue/on-postgres.js';
import { isServiceAway } from '../../src/service-trouble.js';
import { createDatabase } from '../support/database.js';
import { HOSTILE, type Place, setHostile } from '../support/hostile-settings.js';
import { log } from '../support/log.js';
import { needing } from '../support/needs.js';
import { openPgBouncer } from '../support/pgbouncer.js';

const QUESTION = Object.keys(SESSION).map((name) => `current_setting('${name}') as "${name}"`);
const ours = HOSTILE.filter(([name]) => name in SESSION);

const settingsOf = {
  async 'postgres.js'(url: string) {
    const database = await openDatabase(url, { connections: 1 });
    const [row] = await database.db.execute(sql.raw(`select ${QUESTION.join()}`));
    await database.close();
    return row;
  },
  async pg(url: string, sessions: Sessions = 'own') {
    const client = new pg.Client(pgOptions({ ...addressOf(url), sessions }, 'queue'));
    await client.connect();
    const { rows } = await client.query(`select ${QUESTION.join()}`);
    await client.end();
    return rows[0];
  },
};

test('each of our settings has a hostile value that is tried', () => {
  expect(Object.keys(SESSION).filter((name) => !HOSTILE.some(([hostile]) => hostile === name))).toEqual([]);
});

describe.each(['postgres.js', 'pg'] as const)('sessions of %s have our settings', (driver) => {
  test.each<Place>(['database', 'role'])('whatever the %s is set to', async (place) => {
    const url = await setHostile(await createDatabase(), place, HOSTILE);
    expect(await settingsOf[driver](url)).toEqual(SESSION);
  });

  test("whatever the address's options say", async () => {
    const url = new URL(await createDatabase());
    const options = ours.map(([name, value]) => `-c ${name}=${value.replaceAll(' ', '\\ ')}`).join(' ');
    expect(await settingsOf[driver](`${url.href}?options=${encodeURIComponent(options)}`)).toEqual(SESSION);
  });
});

describe('through PgBouncer in session mode', needing('pgbouncer'), () => {
  // What ends a session sooner than it can be asked is the pooler's business with its server.
  const settings = HOSTILE.filter(([, value]) => value !== '1ms');
  const throughOne = async () => {
    const url = await createDatabase();
    await setHostile(url, 'database', settings);
    const bouncer = await openPgBouncer(url, 'session', ['default_pool_size = 4']);
    onTestFinished(bouncer.close);
    return bouncer.url;
  };

  test.each(['postgres.js', 'pg'] as const)(
    'sessions of %s have our settings, and lend none to others',
    async (driver) => {
      const url = await throughOne();
      const ask = driver === 'pg' ? (at: string) => settingsOf.pg(at, 'pooled') : settingsOf['postgres.js'];
      expect(await ask(url)).toEqual(SESSION);
      const theirs = postgres(url, { max: 1, prepare: false });
      const [row] = await theirs.unsafe(`select ${QUESTION.join()}, pg_backend_pid() as pid`);
      await theirs.end();
      expect(row).toMatchObject({ bytea_output: 'escape', row_security: 'on', TimeZone: 'Asia/Kathmandu' });
      expect(await ask(url)).toEqual(SESSION);
    },
  );

  test('a setting that is refused is the error of the connection, on both drivers', async () => {
    const address = { ...addressOf(await throughOne()), sessions: 'pooled' as const };
    const settings = { no_such_setting: 'x' };
    const client = new pg.Client(pgOptions(address, 'queue', settings));
    await expect(client.connect()).rejects.toThrow(/unrecognized configuration parameter "no_such_setting"/);
    const sql = postgres({ ...postgresJsOptions(address, 'one', { settings }), max: 1 });
    await expect(sql`select 1`).rejects.toThrow(/unrecognized configuration parameter "no_such_setting"/);
    await sql.end({ timeout: 0 });
  });
});

test('where something in between forgets what the login asked for, the settings are the first statement', async () => {
  const url = await createDatabase();
  await setHostile(
    url,
    'database',
    HOSTILE.filter(([, value]) => value !== '1ms'),
  );
  const between = await openForgetful(url);
  onTestFinished(between.close);
  const database = await openDatabase(between.url);
  onTestFinished(database.close);
  expect(database.address.sessions).toBe('pooled');
  expect(await settingsOf['postgres.js'](between.url)).toEqual(SESSION);
});

/** Passes on everything but the settings of the login: then the server's own number still comes through. */
async function openForgetful(url: string) {
  const { hostname, port } = new URL(url);
  const sockets = new Set<net.Socket>();
  const server = net.createServer((client) => {
    const upstream = net.connect({ host: hostname, port: Number(port) });
    for (const socket of [client, upstream]) {
      sockets.add(socket.on('error', () => {}).on('close', () => [client, upstream].map((one) => one.destroy())));
    }
    client.once('data', (login) => {
      const words = login.subarray(8).toString().split('\0');
      const kept = ['user', 'database'].flatMap((name) => [name, words[words.indexOf(name) + 1] ?? '']);
      const body = Buffer.from(`${kept.join('\0')}\0\0`);
      const head = Buffer.from(login.subarray(0, 8));
      head.writeUInt32BE(body.length + 8);
      upstream.write(Buffer.concat([head, body]));
      client.pipe(upstream).pipe(client);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const own = (server.address() as net.AddressInfo).port;
  return {
    url: Object.assign(new URL(url), { host: `127.0.0.1:${own}`, search: '?sslmode=disable' }).href,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

test('what an address sets in vain is named, in each way of writing it; what is well is not', () => {
  expect(overruledIn('-c statement_timeout=5s -cdatestyle=German --lock-timeout=1s -c work_mem=8MB')).toEqual([
    'DateStyle',
    'statement_timeout',
    'lock_timeout',
  ]);
  expect(overruledIn('-c search_path=x')).toEqual(['search_path']);
});

test.each<Place>(['database', 'role'])(
  'an empty database is migrated, the queue too, with everything set for the %s',
  async (place) => {
    const url = await setHostile(await createDatabase(), place, [
      ...HOSTILE.filter(([, value]) => value !== 'elsewhere'),
    ]);
    const database = await openDatabase(url);
    for (const schema of ['hive', 'sync', 'bullmq'])
      await database.db.execute(sql.raw(`drop schema ${schema} cascade`));
    expect((await migrate(database)).length).toBeGreaterThan(0);
    expect(await migrate(database)).toEqual([]);
    await database.close();
    const backend = await openPostgresBackend(addressOf(url), log);
    await backend.close();
  },
);

test('rows that a policy hides are an error, and not taken for missing', async () => {
  const url = await createDatabase();
  const owner = await openDatabase(url);
  const role = await setHostile(url, 'role', [['row_security', 'on']]);
  const { username } = new URL(role);
  await owner.db.execute(sql.raw(`alter role ${username} nosuperuser`));
  await owner.db.execute(sql.raw(`grant usage on schema hive to ${username}`));
  await owner.db.execute(sql.raw(`grant select on hive.orders to ${username}`));
  await owner.db.execute(sql`alter table hive.orders enable row level security`);
  const database = await openDatabase(role);
  const failed = await database.db.execute(sql`select id from hive.orders`).catch((error: unknown) => error);
  expect(told(failed)).toContain('row-level security');
  await database.close();
  await owner.db.execute(sql.raw(`drop owned by ${username}`));
  await owner.close();
});

test('a statement that was cancelled is not taken for a server that is away', async () => {
  const database = await openDatabase(await createDatabase());
  const stopped = await database.db
    .transaction(async (tx) => {
      await tx.execute(sql`set local statement_timeout = '1ms'`);
      await tx.execute(sql`select pg_sleep(1)`);
    })
    .catch((error: unknown) => error);
  expect(told(stopped)).toBe('canceling statement due to statement timeout');
  expect(isServiceAway(stopped)).toBe(false);
  await database.close();
});
