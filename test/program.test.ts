// How the program begins: on which Node, and with which .env.
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { runCli, startCli } from './support/cli.js';
import { needing } from './support/needs.js';
import { until } from './support/until.js';

const root = fileURLToPath(new URL('..', import.meta.url));

const folders: string[] = [];
const newFolder = (): string => {
  const folder = mkdtempSync(path.join(tmpdir(), 'hive-sync-program-'));
  folders.push(folder);
  return folder;
};
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** Runs `--version` on a Node that says it is another one. */
function onNode(version: string): { status: number | null; stdout: string; stderr: string } {
  const hook = `Object.defineProperty(process.versions, 'node', { value: '${version}' });`;
  const args = [
    '--import',
    `data:text/javascript,${encodeURIComponent(hook)}`,
    path.join(root, 'dist/main.js'),
    '--version',
  ];
  return spawnSync(process.execPath, args, { encoding: 'utf8' });
}

const { engines } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { engines: { node: string } };
const [, major = '', minor = ''] = /^>=(\d+)\.(\d+)$/.exec(engines.node) ?? [];

test.each([`${Number(major) - 2}.20.8`, `${major}.${Number(minor) - 1}.0`])(
  'Node %s is refused with one sentence',
  (version) => {
    const { status, stdout, stderr } = onNode(version);
    expect(stderr).toBe(
      `Error: hive-sync needs Node ${major}.${minor} or newer, and this is ${version}. Install a newer one.\n`,
    );
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  },
);

test.each([`${major}.${minor}.0`, `${Number(major) + 4}.0.0`])('Node %s is taken', (version) => {
  expect(onNode(version)).toMatchObject({ status: 0, stderr: '' });
});

describe('.env', () => {
  const settings = 'LOG_LEVEL=loud\n';
  const run = (folder: string, env = {}) => runCli(['status'], { HIVE_SYNC_HOME: '/dev/null/home', ...env }, folder);
  const write = (content: string | Buffer): string => {
    const folder = newFolder();
    writeFileSync(path.join(folder, '.env'), content);
    return folder;
  };

  test.each([
    ['as it is', settings],
    ['with a byte order mark', `\ufeff${settings}`],
    ['with the line ends of Windows', settings.replaceAll('\n', '\r\n')],
  ])('%s is read', async (_how, content) => {
    const { code, stderr } = await run(write(content));
    expect(code).toBe(2);
    expect(stderr).toContain('LOG_LEVEL is "loud"');
  });

  test('gives way to the environment', async () => {
    const { stderr } = await run(write(settings), { LOG_LEVEL: 'louder' });
    expect(stderr).toContain('LOG_LEVEL is "louder"');
  });

  test.each([
    [
      'in UTF-16',
      Buffer.from(`\ufeff${settings}`, 'utf16le'),
      /^Error: The file \.env is UTF-16 or no text at all\. Save it as UTF-8\.\n$/,
    ],
    [
      'in Latin-1',
      Buffer.from('HIVE_ACCOUNT=Fußball\n', 'latin1'),
      /^Error: The file \.env is not UTF-8\. Save it as UTF-8\.\n$/,
    ],
    [
      'with NODE_EXTRA_CA_CERTS',
      'NODE_EXTRA_CA_CERTS=/etc/ca.pem\n',
      /^Error: NODE_EXTRA_CA_CERTS in \.env has no effect/,
    ],
  ])('%s is refused with one sentence', async (_how, content, expected) => {
    const { code, stderr } = await run(write(content));
    expect(stderr).toMatch(expected);
    expect(code).toBe(2);
  });

  test('that is a folder is refused with one sentence', async () => {
    const folder = newFolder();
    mkdirSync(path.join(folder, '.env'));
    const { code, stderr } = await run(folder);
    expect(stderr).toBe('Error: The file .env cannot be read (it is a folder). Mend it, or remove it.\n');
    expect(code).toBe(2);
  });

  test('that may not be read is refused with one sentence', needing('root'), () => {
    const folder = write(settings);
    const args = ['--reuid=65534', '--clear-groups', process.execPath, path.join(root, 'dist/main.js'), 'status'];
    spawnSync('chmod', ['755', folder]);
    spawnSync('chmod', ['600', path.join(folder, '.env')]);
    const { status, stderr } = spawnSync('setpriv', args, { cwd: folder, encoding: 'utf8' });
    expect(stderr).toBe('Error: The file .env cannot be read (no right to read it). Mend it, or remove it.\n');
    expect(status).toBe(2);
  });
});

test.each([
  [0o600, false],
  [0o640, true],
  [0o604, true],
])('doctor and the worker say when others may read .env: %o', async (mode, isSaid) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'hive-sync-exposed-'));
  try {
    writeFileSync(path.join(folder, '.env'), 'HIVE_API_KEY=key\nDATABASE_URL=postgres://u@127.0.0.1:1/d\n', {
      mode: 0o600,
    });
    chmodSync(path.join(folder, '.env'), mode);
    const { stdout } = await startCli(['doctor'], {}, folder).ended;
    expect(stdout.includes('Others on this machine may read .env')).toBe(isSaid);
    const worker = startCli(['worker'], {}, folder);
    await until('it has begun', () => worker.output().stderr.includes('waiting for a server'));
    worker.kill('SIGTERM');
    expect((await worker.ended).stderr.includes('Others on this machine may read .env')).toBe(isSaid);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
