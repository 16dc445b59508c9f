// The password file of libpq. Source: PostgreSQL documentation, "The Password File" (libpq, 34.16).
import { readFileSync, statSync } from 'node:fs';

export interface Wanted {
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  readonly database: string;
  readonly user: string;
}

/**
 * The password of the first line that fits one of the hosts; sockets go by the name localhost. undefined = no file, or
 * no line.
 * @throws Error with a clause about the file when it holds the password and others may read it (libpq would skip it)
 */
export function passwordFrom(file: string, { hosts, database, user }: Wanted): string | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#')) continue;
    const [host, port, ofDatabase, ofUser, password] = fieldsOf(line);
    const fits = (field: string | undefined, value: string) => field === '*' || field === value;
    const isOurs = hosts.some(
      (at) => fits(host, at.host.startsWith('/') ? 'localhost' : at.host) && fits(port, `${at.port}`),
    );
    if (password === undefined || !isOurs || !fits(ofDatabase, database) || !fits(ofUser, user)) continue;
    if ((statSync(file).mode & 0o077) !== 0)
      throw new Error(`the password file ${file} can be read by others: chmod 600 it`);
    return password;
  }
  return undefined;
}

/** host:port:database:user:password, with a backslash before a colon or backslash that belongs to a field. */
function fieldsOf(line: string): string[] {
  const fields = [''];
  for (const [, escaped, char = ''] of line.matchAll(/\\(.)|(.)/gs)) {
    if (escaped === undefined && char === ':' && fields.length < 5) fields.push('');
    else fields[fields.length - 1] += escaped ?? char;
  }
  return fields;
}
