// A server that dies (out of memory, killed, a full disk) is started again by whoever uses it, at the same address, so
// that connections come back by themselves. Where that does not help, its users are told, once.
import { EmbeddedPostgresError } from './error.js';

export interface Watched {
  /** Is the server that was used last still running? */
  isAlive(): boolean;
  /** Joins the one that another user has started by now, or starts it. @throws EmbeddedPostgresError */
  revive(): Promise<void>;
  log(message: string): void;
}

export interface Watch {
  /** Rejects with EmbeddedPostgresError when the server is gone for good; otherwise never settles. */
  readonly lost: Promise<never>;
  /** Resolves when nothing is being revived any more. */
  stop(): Promise<void>;
}

const LOOK_EVERY_MS = 250;
/** A server that dies more often than this within that time is not started again. */
const DEATHS = 3;
const WITHIN_MS = 60_000;

export function watchServer({ isAlive, revive, log }: Watched): Watch {
  let lose: (error: Error) => void = () => {};
  const lost = new Promise<never>((_, reject) => {
    lose = reject;
  });
  lost.catch(() => {});
  let deaths: number[] = [];
  let reviving: Promise<void> | undefined;
  const look = async (): Promise<void> => {
    const now = performance.now();
    deaths = [...deaths.filter((at) => now - at < WITHIN_MS), now];
    if (deaths.length > DEATHS) {
      throw new EmbeddedPostgresError(
        `The embedded PostgreSQL ended ${deaths.length} times within a minute.`,
        'See postgres.log beside its data; is there enough memory and disk?',
      );
    }
    log('The embedded PostgreSQL has ended; it is started again.');
    await revive();
    log('The embedded PostgreSQL runs again.');
  };
  const timer = setInterval(() => {
    if (reviving !== undefined || isAlive()) return;
    reviving = look().then(
      () => {
        reviving = undefined;
      },
      (error: Error) => {
        clearInterval(timer);
        lose(error);
      },
    );
  }, LOOK_EVERY_MS);
  timer.unref();
  return {
    lost,
    async stop() {
      clearInterval(timer);
      await reviving;
    },
  };
}
