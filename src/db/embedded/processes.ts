// Is that process still the one we mean? A pid alone does not say so: pids are used again, and a zombie still has one.
import { execFileSync } from 'node:child_process';
import { readFileSync, readlinkSync } from 'node:fs';

/** When the process started, in the kernel's ticks; '' where that is not known (not Linux, or no such process). */
export function startTime(pid: number): string {
  return stat(pid)?.started ?? '';
}

/** True while the process runs. With `started` (from startTime) a later process that got the same pid does not count. */
export function isAlive(pid: number, started = ''): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const now = stat(pid);
  if (now?.state === 'Z' || now?.state === 'X') return false;
  return now === undefined || started === '' || now.started === started;
}

/** True when the process was started with this folder as an argument, or works in it (a folder that was renamed since). */
export function worksOn(pid: number, folder: string): boolean {
  if (!isAlive(pid)) return false;
  if (process.platform === 'linux') {
    const words = attempt(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0'));
    return words?.includes(folder) === true || attempt(() => readlinkSync(`/proc/${pid}/cwd`)) === folder;
  }
  const ps = ['-ww', '-o', 'command=', '-p', String(pid)];
  return attempt(() => execFileSync('ps', ps, { encoding: 'utf8' }))?.includes(folder) === true;
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function stat(pid: number): { state: string; started: string } | undefined {
  if (process.platform !== 'linux') return undefined;
  const text = attempt(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  if (text === undefined) return undefined;
  // The name in parentheses may hold spaces and parentheses of its own: count from the last one.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', started: fields[19] ?? '' };
}
