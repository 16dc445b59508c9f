// What the image, the compose file and the systemd unit promise, as far as that can be tried without Docker: the steps of
// the Dockerfile are run in folders, the files are read by the programs that judge them.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { parse } from 'yaml';
import { createDatabase } from './support/database.js';
import { needing } from './support/needs.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const folder = mkdtempSync(path.join(tmpdir(), 'hive-sync-image-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Instructions of each stage: `RUN npm ci`. */
const stages = read('Dockerfile')
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll('\\\n', '')
  .split(/^FROM /m)
  .slice(1)
  .map((stage) => stage.trim().split('\n').slice(1));

test('the production tree has no compiler, and hive-sync runs from the PATH', {
  ...needing('registry'),
  timeout: 400_000,
}, async () => {
  const app = path.join(folder, 'app');
  mkdirSync(app);
  const [, dependencies = [], runtime = []] = stages;
  for (const instruction of dependencies) {
    const [word, ...rest] = instruction.split(' ');
    if (word === 'COPY') for (const file of rest.slice(0, -1)) cpSync(path.join(root, file), path.join(app, file));
    if (word === 'RUN') execFileSync('bash', ['-euc', rest.join(' ')], { cwd: app, stdio: 'pipe' });
  }
  expect(existsSync(path.join(app, 'node_modules', 'typescript'))).toBe(false);
  const found = execFileSync('find', [app, '-name', 'tsc*', '-path', '*bin*'], { encoding: 'utf8' });
  expect(found).toBe('');
  for (const part of ['dist', 'migrations']) cpSync(path.join(root, part), path.join(app, part), { recursive: true });
  chmodSync(path.join(app, 'dist', 'main.js'), 0o755);
  expect(stages[0]).toContain('RUN npm run build && chmod 755 dist/main.js');
  expect(runtime.join('\n')).toContain('ln -s /app/dist/main.js /usr/local/bin/hive-sync');
  mkdirSync(path.join(folder, 'bin'));
  symlinkSync(path.join(app, 'dist', 'main.js'), path.join(folder, 'bin', 'hive-sync'));
  const env = {
    PATH: `${path.join(folder, 'bin')}:${path.dirname(process.execPath)}:${process.env.PATH}`,
    DATABASE_URL: await createDatabase(),
  };
  const run = (...args: string[]) => spawnSync('hive-sync', args, { cwd: '/', env, encoding: 'utf8' });
  expect(run('--version').stdout.trim()).toMatch(/^\d+\.\d+\.\d+/);
  expect(run('migrate')).toMatchObject({ status: 0, stdout: expect.stringContaining('in step') });
  expect(run('status').status).toBe(0);
});

test('the image starts the program by its name, and its health means that it is of use', () => {
  const text = (stages[2] ?? []).join('\n');
  expect(text).toContain('ENTRYPOINT ["hive-sync"]');
  expect(text).toMatch(/^HEALTHCHECK .*\/readyz/m);
  expect(text).toContain('USER node');
});

test('each service of the compose file is read-only, without capabilities, with a log that ends and a health check', () => {
  interface Service {
    read_only?: boolean;
    cap_drop?: string[];
    cap_add?: string[];
    security_opt?: string[];
    tmpfs?: string[];
    logging?: { options?: Record<string, string> };
    healthcheck?: { test?: string[] };
    restart?: string;
  }
  const { services } = parse(read('docker-compose.yml'), { merge: true }) as { services: Record<string, Service> };
  expect(Object.keys(services)).toEqual(['postgres', 'redis', 'worker']);
  for (const service of Object.values(services)) {
    expect(service).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      restart: 'unless-stopped',
      logging: { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '5' } },
    });
    expect(service.tmpfs).toContain('/tmp');
    expect(service.healthcheck?.test?.length).toBeGreaterThan(1);
  }
  expect(services.worker?.cap_add).toBeUndefined();
  expect(services.worker?.healthcheck?.test?.join(' ')).toContain('/readyz');
});

test('the systemd unit of docs/operations.md is hardened: an exposure below 3', needing('systemd-analyze'), () => {
  const [, unit = ''] = /```ini\n(\[Unit\][\s\S]*?)```/.exec(read('docs/operations.md')) ?? [];
  const file = path.join(folder, 'hive-sync.service');
  writeFileSync(file, unit);
  const { stdout, stderr } = spawnSync('systemd-analyze', ['security', '--offline=true', '--no-pager', file], {
    encoding: 'utf8',
  });
  const exposure = Number(/Overall exposure level for \S+: ([\d.]+)/.exec(stdout)?.[1]);
  expect(exposure, stdout + stderr).toBeLessThan(3);
  expect(stderr).not.toMatch(/Unknown|Failed to parse/);
});
