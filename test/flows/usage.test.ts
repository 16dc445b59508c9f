// Promise: bad input gets one clear sentence, what was expected, and the exit code of the contract.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { runCli } from '../support/cli.js';

const key = { HIVE_API_KEY: 'a-key' };
const unreachable = 'postgres://postgres:hidden@127.0.0.1:9/none';

test.each<[string, string[], Record<string, string>, number, RegExp]>([
  ['an unknown command', ['snyc'], key, 2, /unknown command 'snyc'/],
  ['an unknown option', ['sync', '--fast'], key, 2, /unknown option '--fast'/],
  ['an unknown collection', ['sync', 'odrers'], key, 2, /no collection "odrers".*warehouses, skus, orders/],
  ['a missing key', ['sync'], {}, 2, /HIVE_API_KEY is missing/],
  [
    'a bad URL',
    ['sync'],
    { ...key, HIVE_API_URL: 'hive.app' },
    2,
    /HIVE_API_URL is "hive.app": expected an http\(s\) URL/,
  ],
  [
    'two bad variables at once',
    ['status'],
    { SYNC_CONCURRENCY: 'x', HTTP_PORT: '-1' },
    2,
    /SYNC_CONCURRENCY.*\n.*HTTP_PORT/,
  ],
  [
    'an unreachable database',
    ['sync'],
    { ...key, DATABASE_URL: unreachable },
    1,
    /127\.0\.0\.1:9\/none cannot be used/,
  ],
  [
    'a bad kind of dead letter',
    ['dead-letters', 'list', '--kind', 'x'],
    {},
    2,
    /--kind is "x".*request, record, webhook/,
  ],
  ['an id that is none', ['dead-letters', 'show', 'x'], {}, 2, /"x" is not an id/],
  ['a bad size for the simulator', ['simulate', '--orders', 'many'], {}, 2, /--orders is "many"/],
  ['a negative size for the simulator', ['simulate', '--orders', '-1'], {}, 2, /sizes\.orders must be an integer/],
])('%s: one sentence and the right exit code', async (_, args, env, code, sentence) => {
  const ended = await runCli(args, env, '/tmp');
  expect(ended.stderr).toMatch(sentence);
  expect(ended).toMatchObject({ code, stdout: '' });
  expect(ended.stderr).not.toContain('hidden');
  expect(ended.stderr).not.toContain('    at ');
});

test('--help names every command with examples, and the exit codes', async () => {
  const help = await runCli(['--help']);
  expect(help.code).toBe(0);
  for (const command of [
    'demo',
    'sync',
    'backfill',
    'refresh',
    'rederive',
    'explain',
    'export',
    'grant',
    'worker',
    'status',
    'dead-letters',
    'migrate',
    'doctor',
    'simulate',
  ]) {
    expect(help.stdout).toContain(command);
    expect((await runCli([command, '--help'])).stdout).toContain('Examples:');
  }
  expect(help.stdout).toContain('130 interrupted');
});

test('the help of every command fits into 80 columns and shows no default that is none', async () => {
  const { stdout } = await runCli(['--help']);
  const commands = [...stdout.matchAll(/^ {2}([a-z-]+) {2,}\S/gm)].map(([, name = '']) => name);
  expect(commands).toEqual(expect.arrayContaining(['demo', 'dead-letters', 'webhooks', 'simulate']));
  for (const command of commands) {
    const help = (await runCli(command === 'help' ? ['--help'] : [command, '--help'])).stdout;
    expect(
      help.split('\n').filter((line) => line.length > 80),
      command,
    ).toEqual([]);
    expect(help, command).not.toContain('default: false');
  }
});

test.each([
  ['hive-sync', {}],
  ['npm run hive-sync --', { npm_lifecycle_event: 'hive-sync', npm_package_name: 'hive-sync' }],
  ['npm run hive-sync --', { npm_lifecycle_event: 'demo', npm_package_name: 'hive-sync' }],
  ['npx hive-sync', { npm_lifecycle_event: 'npx', npm_package_name: 'shop' }],
  ['npx hive-sync', { npm_lifecycle_event: 'sync-the-shop', npm_package_name: 'shop' }],
])('called as %s, it shows examples that can be typed', async (calledAs, env) => {
  const help = (await runCli(['status', '--help'], env)).stdout;
  expect(help).toContain(`Usage: ${calledAs} status`);
  expect(help).toContain(`\n  ${calledAs} status\n`);
  // npm's heading on stdout would be in the JSON.
  expect(help).toContain(`\n  ${calledAs.replace('npm run', 'npm run --silent')} status --json\n`);
});

test('a port that another program has is named, with the way out', async () => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  const { port } = taken.address() as AddressInfo;
  const ended = await runCli(['simulate', '--port', String(port)]);
  taken.close();
  expect(ended).toMatchObject({ code: 1, stdout: '' });
  expect(ended.stderr).toMatch(
    new RegExp(`127\\.0\\.0\\.1, port ${port}: another program listens there already.*--port`),
  );
});
