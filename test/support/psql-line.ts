// The line for psql that `db` and `demo` print, as an address with the password that its file holds.
import { readFileSync, statSync } from 'node:fs';
import { expect } from 'vitest';

/** @returns undefined = no such line yet */
export function addressIn(stdout: string): string | undefined {
  const [, passfile, address] = /PGPASSFILE='([^']+)' psql '([^']+)'/.exec(stdout) ?? [];
  if (passfile === undefined || address === undefined) return undefined;
  // libpq takes no file that others may read.
  expect(statSync(passfile).mode & 0o077).toBe(0);
  const password = readFileSync(passfile, 'utf8').trim().split(':').at(-1) ?? '';
  expect(stdout).not.toContain(password);
  const url = new URL(address);
  url.password = password;
  return url.href;
}
