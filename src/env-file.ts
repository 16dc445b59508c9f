// The file .env of the working directory. The rule: a file that is there is read, or said to be unreadable; were it skipped,
// another database would be opened than the one it names.
import { readFileSync, statSync } from 'node:fs';
import dotenv from 'dotenv';
import { UsageError } from './errors.js';

type Env = Readonly<Record<string, string | undefined>>;

/**
 * The environment with what the file adds; a variable that is set in both keeps the environment's value.
 * @throws UsageError with one sentence when the file is there and cannot be read, or is no UTF-8
 */
export function withEnvFile(env: Env, file = '.env'): Env {
  const text = textOf(file);
  if (text === undefined) return env;
  const added = dotenv.parse(text);
  if (added.NODE_EXTRA_CA_CERTS && !env.NODE_EXTRA_CA_CERTS) {
    throw new UsageError(
      `NODE_EXTRA_CA_CERTS in ${file} has no effect, as Node reads it before: set it in the environment, for example with export.`,
    );
  }
  return { ...added, ...env };
}

/** A sentence when the file is there and others on this machine may read the secrets in it; Windows has no such rights. */
export function exposureOf(file = '.env'): string | undefined {
  const mode = process.platform === 'win32' ? undefined : statSync(file, { throwIfNoEntry: false })?.mode;
  if (mode === undefined || (mode & 0o044) === 0) return undefined;
  return `Others on this machine may read ${file}, which holds keys and passwords: chmod 600 ${file}`;
}

/** undefined = there is no such file. */
function textOf(file: string): string | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    const why = code === 'EISDIR' ? 'it is a folder' : code === 'EACCES' ? 'no right to read it' : message;
    throw new UsageError(`The file ${file} cannot be read (${why}). Mend it, or remove it.`);
  }
  // PowerShell's > writes UTF-16; each ASCII character has a zero byte beside it there.
  if (bytes.includes(0)) throw new UsageError(`The file ${file} is UTF-16 or no text at all. Save it as UTF-8.`);
  try {
    // Takes the byte order mark away.
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new UsageError(`The file ${file} is not UTF-8. Save it as UTF-8.`);
  }
}
