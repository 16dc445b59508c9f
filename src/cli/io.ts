// What a command gets from the outside. program.ts makes the real one; tests run the program as a process.
import { visible } from '../visible.js';

export interface Io {
  /** Arguments after the program's name. */
  readonly argv: readonly string[];
  /** The environment, `.env` merged into it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** A sentence when others may read the file `.env`. */
  readonly exposure: string | undefined;
  /** Results. */
  readonly stdout: NodeJS.WriteStream;
  /** Progress, logs and errors. */
  readonly stderr: NodeJS.WriteStream;
  /** Fires on Ctrl-C and SIGTERM. */
  readonly signal: AbortSignal;
  readonly version: string;
  /** What people type before a command's name: `hive-sync`, `npx hive-sync` or `npm run hive-sync --`. */
  readonly calledAs: string;
}

export const print = (io: Pick<Io, 'stdout'>, text: string): void => void io.stdout.write(visible(`${text}\n`));
export const note = (io: Pick<Io, 'stderr'>, text: string): void => void io.stderr.write(visible(`${text}\n`));

/** Foreground commands show progress; the log only speaks up when something is wrong, unless LOG_LEVEL asks for more. */
export const foregroundLevel = (env: Io['env']): string => env.LOG_LEVEL?.trim() || 'error';
