// A PgBouncer of a test's own before the tests' PostgreSQL.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from './servers.js';
import { until } from './until.js';

export interface PgBouncer {
  /** The same database through it. */
  readonly url: string;
  /** By SIGKILL, and at once again. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** @param url of a database with user and password; `settings` = lines of its file, such as `default_pool_size = 2` */
export async function openPgBouncer(
  url: string,
  mode: 'session' | 'transaction',
  settings: readonly string[] = [],
): Promise<PgBouncer> {
  const { hostname, port, username, password, pathname } = new URL(url);
  const folder = mkdtempSync(path.join(tmpdir(), 'hive-sync-pgbouncer-'));
  chmodSync(folder, 0o755);
  const own = await freePort();
  const secret = decodeURIComponent(password);
  writeFileSync(path.join(folder, 'users'), `"${username}" "${secret}"\n`);
  writeFileSync(
    path.join(folder, 'pgbouncer.ini'),
    [
      '[databases]',
      `* = host=${hostname} port=${port} user=${username} password=${secret}`,
      '[pgbouncer]',
      `listen_addr = 127.0.0.1`,
      `listen_port = ${own}`,
      'unix_socket_dir =',
      'auth_type = plain',
      `auth_file = ${path.join(folder, 'users')}`,
      `pool_mode = ${mode}`,
      ...settings,
    ].join('\n'),
  );
  // It refuses to run as root.
  const isRoot = process.getuid?.() === 0;
  const start = async (): Promise<ChildProcess> => {
    const args = ['-q', ...(isRoot ? ['-u', 'nobody'] : []), path.join(folder, 'pgbouncer.ini')];
    const started = spawn('pgbouncer', args, {
      stdio: 'ignore',
      env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
    });
    await until('PgBouncer answers', () => answers(own));
    return started;
  };
  let child = await start();
  const kill = async () => {
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  return {
    url: `postgres://${username}:${password}@127.0.0.1:${own}${pathname}`,
    async restart() {
      await kill();
      child = await start();
    },
    async close() {
      await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function answers(port: number): Promise<boolean> {
  const socket = net.connect({ host: '127.0.0.1', port });
  const connected = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  return connected;
}
