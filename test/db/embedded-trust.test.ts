// Promise: root follows no link that somebody else has put in its way, hands over nothing that it did not make, and whoever
// reaches the port cannot keep others out.
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import net from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openSimulator } from '../../src/simulator/index.js';
import { runCli } from '../support/cli.js';
import { needing } from '../support/needs.js';
import { until } from '../support/until.js';
import { ask, home, open, root, useHomes } from './embedded-home.js';

useHomes();
const MALLORY = 54_321;

/** A folder and a file that are nobody's business, and how they are. */
function victim() {
  const folder = join(root, 'victim');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o700 });
  const file = join(folder, 'secret');
  writeFileSync(file, '1234 the secret\n', { mode: 0o600 });
  const picture = () => ({
    names: readdirSync(folder),
    text: readFileSync(file, 'utf8'),
    rights: [folder, file].map((path) => [statSync(path).uid, statSync(path).gid, statSync(path).mode]),
  });
  const before = picture();
  return { folder, file, expectUntouched: () => expect(picture()).toEqual(before) };
}

function plant(target: string, link: string, uid = MALLORY): void {
  symlinkSync(target, link);
  lchownSync(link, uid, uid);
}

test('nobody else reads its files, where its folder was there before and is open to all', async () => {
  const folder = join(home, 'postgres');
  mkdirSync(folder, { recursive: true });
  for (const path of [home, folder]) chmodSync(path, 0o755);
  await open();
  const names = readdirSync(folder);
  expect(names).toEqual(expect.arrayContaining(['data', 'password', 'pgpass', 'postgres.log']));
  expect(names.filter((name) => (statSync(join(folder, name)).mode & 0o077) !== 0)).toEqual([]);
});

describe('root', needing('root'), () => {
  test.each([
    ['the home', () => home],
    ['a folder above the home', () => dirname(join(home, 'above'))],
    ['the folder of the cluster', () => join(home, 'postgres')],
  ])('follows no link of others in the place of %s', async (what, place) => {
    const { folder, expectUntouched } = victim();
    const link = place();
    if (!existsSync(dirname(link))) mkdirSync(dirname(link), { mode: 0o755 });
    plant(folder, link);
    const opening = open(what === 'a folder above the home' ? { home: join(link, 'deeper', 'home') } : {});
    await expect(opening).rejects.toThrow(
      `${link} is a link that belongs to user ${MALLORY}, and root does not follow it`,
    );
    expectUntouched();
    rmSync(link);
  });

  test('takes no folder of others for that of the cluster, and does not make it its own', async () => {
    mkdirSync(join(home, 'postgres'), { recursive: true });
    chmodSync(home, 0o755);
    lchownSync(join(home, 'postgres'), MALLORY, MALLORY);
    await expect(open()).rejects.toThrow(`postgres belongs to user ${MALLORY}`);
    expect(statSync(join(home, 'postgres')).uid).toBe(MALLORY);
  });

  test.each(['password', 'users', 'users.pipe', 'data/postmaster.pid', 'data/PG_VERSION', 'postgres.log'])(
    'follows no link that the user of the server has put in the place of %s',
    async (name) => {
      await (await open()).close();
      const { folder, file, expectUntouched } = victim();
      const place = join(home, 'postgres', name);
      const { uid } = statSync(join(home, 'postgres'));
      rmSync(place, { recursive: true, force: true });
      plant(name === 'users' ? folder : file, place, uid);
      const said = await open().then(
        () => '',
        (error: Error) => error.message,
      );
      expect(said).not.toContain('the secret');
      expectUntouched();
    },
  );

  test('goes on with a link of its own', async () => {
    const elsewhere = join(root, `elsewhere-${process.pid}`);
    mkdirSync(elsewhere, { mode: 0o755 });
    const server = await open({ home: join(elsewhere, 'home') });
    await ask(server.url, 'create table kept as select 7 as days');
    await server.close();
    mkdirSync(home, { mode: 0o755 });
    renameSync(join(elsewhere, 'home', 'postgres'), join(elsewhere, 'postgres'));
    symlinkSync(join(elsewhere, 'postgres'), join(home, 'postgres'));
    expect(await ask((await open()).url, 'select days from kept')).toBe(7);
  });
});

/** Keeps so many connections open that say `word` and no more: for each that is ended there comes another. */
async function flood(port: number, count: number, word: Buffer) {
  const sockets = new Set<net.Socket>();
  const counted = { ended: 0, isOver: false };
  const one = (): net.Socket => {
    const socket = net.connect(port, '127.0.0.1', () => socket.write(word)).on('error', () => {});
    sockets.add(socket);
    socket.resume().once('close', () => {
      sockets.delete(socket);
      counted.ended += 1;
      if (!counted.isOver) one();
    });
    return socket;
  };
  const stop = (): void => {
    counted.isOver = true;
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(stop);
  await Promise.all(Array.from({ length: count }, () => once(one(), 'connect')));
  return { ended: () => counted.ended, stop };
}

/** The beginning of a login as the superuser, whose answer never comes. */
function halfLogin(): Buffer {
  const body = Buffer.from('\0\x03\0\0user\0postgres\0database\0hive_sync\0\0', 'latin1');
  const head = Buffer.alloc(4);
  head.writeUInt32BE(body.length + 4);
  return Buffer.concat([head, body]);
}

test.each([
  ['say nothing', Buffer.alloc(0)],
  ['begin to log in', halfLogin()],
])(
  '200 connections that %s keep no sync from its work, and are ended',
  async (_, word) => {
    const simulator = await openSimulator({ rate: 'unlimited', sizes: { orders: 300, shipments: 100 } });
    onTestFinished(() => simulator.close());
    const server = await open();
    const silent = await flood(server.port, 200, word);
    const env = { HIVE_API_KEY: simulator.apiKey, HIVE_API_URL: simulator.url, HIVE_SYNC_HOME: home };
    const { code, stdout, stderr } = await runCli(['sync'], env);
    expect(code, stdout + stderr).toBe(0);
    await until('each of them was ended once', () => silent.ended() >= 200);
    silent.stop();
    expect(await ask(server.url, 'select count(*)::int from hive.orders')).toBe(300);
  },
  240_000,
);
