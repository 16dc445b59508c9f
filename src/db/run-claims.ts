// Who stands behind a run, and who works an account. A process says so with advisory locks of PostgreSQL, on one
// connection for all of its accounts: the server lets go of them in the moment that the process is gone, however it
// went. So the next process knows at once whether a run was left behind, without waiting for a silence.
import postgres from 'postgres';
import { addressOf, type PostgresAddress } from '../addresses/postgres.js';
import { postgresJsOptions } from './connection/driver-options.js';
import { reconnectAfter } from './database.js';

/** The claims of this process on the runs of one account. */
export interface RunClaims {
  /** Claims a run until the process ends. Returns false when another process stands behind it. */
  claim(runId: number): Promise<boolean>;
  /** Claims anew what a lost connection let go, and lets go of all runs but these. */
  refresh(running: readonly number[]): Promise<void>;
  /** Until the process ends everybody can see that it works this account's jobs. */
  standBy(): Promise<void>;
}

/** All claims of this process. */
export interface Claims {
  ofAccount(account: string): RunClaims;
  /** Does another process work the account's jobs? */
  isWorkedElsewhere(account: string): Promise<boolean>;
  /** Lets go of all. */
  close(): Promise<void>;
}

/**
 * Nothing is asked on the connection as long as nothing changes, so its loss would not be noticed: it is used once in this
 * time, milliseconds.
 */
const USE_EVERY_MS = 10_000;

/** Connects when it is first asked. @param at a direct connection: a pooler in transaction mode keeps no session */
export function openClaims(at: PostgresAddress | string): Claims {
  /** What the server knows that we hold. */
  const held = new Set<string>();
  const address = addressOf(at);
  const everyMs = Math.min(USE_EVERY_MS, address.silenceMs ?? USE_EVERY_MS);
  let usedAt = performance.now();
  const client = postgres({
    ...postgresJsOptions(address, 'claims'),
    max: 1,
    backoff: reconnectAfter,
    max_lifetime: null,
    // It reads no arrays, and array-types.ts says why it does not ask for their types.
    fetch_types: false,
    onnotice: () => {},
    onclose: () => held.clear(),
  });
  const runKey = (runId: number) => `hive-sync run ${runId}`;
  const workerKey = (account: string) => `hive-sync worker ${account}`;

  /** Is what we hold still held? @throws when the connection is dead; what it held is to be taken again */
  async function use(): Promise<void> {
    if (held.size === 0 || performance.now() - usedAt < everyMs) return;
    usedAt = performance.now();
    await client`select 1`;
  }

  async function tryLock(key: string): Promise<boolean> {
    if (held.has(key)) return true;
    const [row] = await client<{ ours: boolean }[]>`
      select pg_try_advisory_lock(hashtextextended(${key}, 0)) as ours`;
    if (row?.ours === true) held.add(key);
    return row?.ours === true;
  }

  /** Shared with the other workers of the account. */
  async function lockShared(key: string): Promise<void> {
    if (held.has(key)) return;
    await client`select pg_advisory_lock_shared(hashtextextended(${key}, 0))`;
    held.add(key);
  }

  async function unlock(key: string): Promise<void> {
    if (!held.delete(key)) return;
    await client`select pg_advisory_unlock(hashtextextended(${key}, 0))`;
  }

  return {
    ofAccount(account) {
      const claimed = new Set<number>();
      let isStandingBy = false;
      const claim = async (runId: number): Promise<boolean> => {
        if (!(await tryLock(runKey(runId)))) return false;
        claimed.add(runId);
        return true;
      };
      return {
        claim,
        async refresh(running) {
          await use();
          if (isStandingBy) await lockShared(workerKey(account));
          for (const runId of claimed) {
            if (running.includes(runId)) {
              await claim(runId);
            } else {
              await unlock(runKey(runId));
              claimed.delete(runId);
            }
          }
        },
        standBy() {
          isStandingBy = true;
          return lockShared(workerKey(account));
        },
      };
    },
    async isWorkedElsewhere(account) {
      // Locks of one session do not get in each other's way, so our own does not count.
      const key = workerKey(account);
      const [row] = await client<{ free: boolean }[]>`
        select pg_try_advisory_lock(hashtextextended(${key}, 0)) as free`;
      if (row?.free === true) await client`select pg_advisory_unlock(hashtextextended(${key}, 0))`;
      return row?.free !== true;
    },
    close: () => client.end({ timeout: 1 }),
  };
}
