// Runs the built program as a process, as users do.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';
import { atEndOfTest } from './clean-up.js';

const main = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Started {
  readonly pid: number;
  kill(signal: NodeJS.Signals): void;
  /** What it has written so far. */
  output(): { stdout: string; stderr: string };
  readonly ended: Promise<Ended>;
}

/**
 * @param env added to PATH, HOME and any free port only: nothing of this machine's configuration leaks in
 * @param within a command that becomes the program, such as one that enters a namespace first
 */
export function startCli(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  cwd?: string,
  within: readonly string[] = [],
): Started {
  if (!existsSync(main)) throw new Error('dist/ is missing: run "npm run build" first (npm test does)');
  const [program = process.execPath, ...rest] = [...within, process.execPath, main, ...args];
  const child = spawn(program, rest, {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, HTTP_PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
  });
  // A test that failed leaves nothing running.
  const hasEnded = atEndOfTest(() => child.kill('SIGKILL'));
  child.once('close', hasEnded);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  return {
    pid: child.pid ?? -1,
    kill: (signal) => void child.kill(signal),
    output: () => ({ stdout, stderr }),
    ended,
  };
}

export const runCli = (args: readonly string[], env?: Readonly<Record<string, string>>, cwd?: string): Promise<Ended> =>
  startCli(args, env, cwd).ended;

export interface Backend {
  readonly name: string;
  /** What makes it the queue. */
  readonly env: Readonly<Record<string, string>>;
}

/** For promises about the data, which a queue only carries: Redis where there is one, and in the soak both. */
export function oneBackend(): Backend[] {
  const redisUrl = inject('redisUrl');
  const usable: Backend[] = [{ name: 'PostgreSQL', env: {} }];
  if (redisUrl !== undefined) usable.push({ name: 'Redis', env: { REDIS_URL: redisUrl } });
  return process.env.SOAK === undefined ? usable.slice(-1) : usable;
}
