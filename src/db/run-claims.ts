// Who stands behind a run. The process that claims a run holds an advisory lock of PostgreSQL, on a connection of its
// own: the server lets go of it in the moment that the process is gone, however it went. So the next process knows at
// once whether a run was left behind, without waiting for a silence.
import postgres from 'postgres';
import { reconnectAfter } from './database.js';

/** The claims of this process on the runs of one account. */
export interface RunClaims {
  /** Claims a run until the process ends. Returns false when another process stands behind it. */
  claim(runId: number): Promise<boolean>;
  /** Claims anew what a lost connection let go, and lets go of all runs but these. */
  refresh(running: readonly number[]): Promise<void>;
  /** Lets go of all. */
  close(): Promise<void>;
}

/** Connects when it is first asked. @param url a direct connection: a pooler in transaction mode keeps no session */
export function openRunClaims(url: string): RunClaims {
  const claimed = new Set<number>();
  /** Those of `claimed` that the server knows of. */
  const held = new Set<number>();
  const client = postgres(url, {
    max: 1,
    backoff: reconnectAfter,
    max_lifetime: null,
    onnotice: () => {},
    onclose: () => held.clear(),
    connection: { application_name: 'hive-sync claims' },
  });
  const keyOf = (runId: number) => `hive-sync run ${runId}`;

  async function claim(runId: number): Promise<boolean> {
    if (held.has(runId)) return true;
    const [row] = await client<{ claimed: boolean }[]>`
      select pg_try_advisory_lock(hashtextextended(${keyOf(runId)}, 0)) as claimed`;
    if (row?.claimed !== true) return false;
    claimed.add(runId);
    held.add(runId);
    return true;
  }

  return {
    claim,
    async refresh(running) {
      for (const runId of claimed) {
        if (running.includes(runId)) {
          await claim(runId);
        } else {
          if (held.has(runId)) await client`select pg_advisory_unlock(hashtextextended(${keyOf(runId)}, 0))`;
          held.delete(runId);
          claimed.delete(runId);
        }
      }
    },
    close: () => client.end({ timeout: 1 }),
  };
}
