// Who stands behind a run, and who works an account. A process says so with advisory locks of PostgreSQL, on one
// connection for all of its accounts: the server lets go of them in the moment that the process is gone, however it
// went. So the next process knows at once whether a run was left behind, without waiting for a silence.
import { addressOf, type PostgresAddress } from '../addresses/postgres.js';
import { ownName } from '../schema-names.js';
import { useEveryMs } from './connection/silence.js';
import { locksInSession } from './locks/in-session.js';
import { locksInTransaction } from './locks/in-transaction.js';

/** The claims of this process on the runs of one account. */
export interface RunClaims {
  /** Claims a run until the process ends. Returns false when another process stands behind it. */
  claim(runId: number): Promise<boolean>;
  /**
   * Claims anew what a lost connection let go, and lets go of the runs that have ended. A run that is only being filed is
   * claimed before others can see it, so what is not seen yet is kept.
   * @param endedOf which of these have ended
   */
  refresh(endedOf: (claimed: readonly number[]) => Promise<readonly number[]>): Promise<void>;
  /** Until the process ends everybody can see that it works this account's jobs. */
  standBy(): Promise<void>;
}

/** All claims of this process. */
export interface Claims {
  ofAccount(account: string): RunClaims;
  /** Does another process work the account's jobs? */
  isWorkedElsewhere(account: string): Promise<boolean>;
  /** Connects now. Default: when it is first asked. */
  open(): Promise<void>;
  /** Lets go of all. */
  close(): Promise<void>;
}

export function openClaims(at: PostgresAddress | string): Claims {
  const address = addressOf(at);
  const locks =
    address.sessions === 'shared' ? locksInTransaction(address, 'claims') : locksInSession(address, 'claims');
  const runKey = (runId: number) => ownName(`hive-sync run ${runId}`);
  const workerKey = (account: string) => ownName(`hive-sync worker ${account}`);
  let usedAt = performance.now();
  const useNow = async (): Promise<void> => {
    if (performance.now() - usedAt < useEveryMs(address)) return;
    usedAt = performance.now();
    await locks.use();
  };
  return {
    ofAccount(account) {
      const claimed = new Set<number>();
      let isStandingBy = false;
      const claim = async (runId: number): Promise<boolean> => {
        if (!(await locks.tryOne(runKey(runId)))) return false;
        claimed.add(runId);
        return true;
      };
      return {
        claim,
        async refresh(endedOf) {
          await useNow();
          if (isStandingBy) await locks.share(workerKey(account));
          if (claimed.size === 0) return;
          const ended = await endedOf([...claimed]);
          for (const runId of claimed) {
            if (ended.includes(runId)) {
              await locks.release(runKey(runId));
              claimed.delete(runId);
            } else {
              await claim(runId);
            }
          }
        },
        standBy() {
          isStandingBy = true;
          return locks.share(workerKey(account));
        },
      };
    },
    isWorkedElsewhere: async (account) => !(await locks.isFree(workerKey(account))),
    open: locks.use,
    close: locks.close,
  };
}
