// What processes cost while something runs: CPU seconds and the most memory, from /proc (Linux).
import { readdirSync, readFileSync } from 'node:fs';
import { setInterval } from 'node:timers';

/** USER_HZ: the unit of times in /proc on every Linux that Node runs on. */
const TICKS = 100;
const SAMPLE_MS = 50;

interface Stat {
  readonly parent: number;
  /** Seconds of the process itself. */
  readonly own: number;
  /** Seconds of its children that have ended. */
  readonly ended: number;
}

function statOf(pid: number): Stat | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .map(Number);
    const [user = 0, system = 0, childUser = 0, childSystem = 0] = fields.slice(11, 15);
    return { parent: fields[1] ?? 0, own: (user + system) / TICKS, ended: (childUser + childSystem) / TICKS };
  } catch {
    return undefined; // it has ended
  }
}

/** A process with all of its children, as a server with a process per connection. */
function secondsOfFamily(pid: number): number {
  const family = readdirSync('/proc')
    .map(Number)
    .filter((child) => Number.isInteger(child) && statOf(child)?.parent === pid);
  const head = statOf(pid);
  return (head?.own ?? 0) + (head?.ended ?? 0) + family.reduce((sum, child) => sum + (statOf(child)?.own ?? 0), 0);
}

export interface Cost {
  readonly cpuSeconds: number;
  readonly peakMiB: number;
}

/** Watches one process until stop(); what it had used before counts too. */
export function watchProcess(pid: number): { stop(): Cost } {
  let cpuSeconds = 0;
  let peakMiB = 0;
  const look = () => {
    cpuSeconds = Math.max(cpuSeconds, statOf(pid)?.own ?? 0);
    try {
      const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
      peakMiB = Math.max(peakMiB, Number(peak?.[1] ?? 0) / 1024);
    } catch {
      // it has ended: the last look counts
    }
  };
  const timer = setInterval(look, SAMPLE_MS);
  return {
    stop() {
      look();
      clearInterval(timer);
      return { cpuSeconds, peakMiB };
    },
  };
}

/** CPU seconds of a server and its children from now until stop(). */
export function watchServer(pid: number | undefined): { stop(): number } {
  const before = pid === undefined ? 0 : secondsOfFamily(pid);
  return { stop: () => (pid === undefined ? 0 : secondsOfFamily(pid) - before) };
}
