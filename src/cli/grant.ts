// hive-sync grant: makes or changes a database role that can read the data and nothing else.

import { placeOf } from '../addresses/postgres.js';
import { type Access, type Granted, grantAccess } from '../db/access.js';
import { UsageError } from '../errors.js';
import { quoted, schemas, written } from '../schema-names.js';
import { type Io, print } from './io.js';
import { withStore } from './with-store.js';

export interface GrantOptions {
  readonly maskPersonalData: boolean;
  readonly revoke: boolean;
}

export function grantCommand(io: Io, role: string, { maskPersonalData, revoke }: GrantOptions): Promise<number> {
  if (revoke && maskPersonalData)
    throw new UsageError('--revoke takes all rights away: it goes without --mask-personal-data.');
  const access: Access = revoke ? 'none' : maskPersonalData ? 'masked' : 'whole';
  return withStore(io, async (store) => {
    const granted = await grantAccess(store.db, role, access);
    for (const line of linesOf(role, access, granted)) print(io, line);
    if (access !== 'none') print(io, `\nIt connects to ${placeOf(store.address)}.`);
    return 0;
  });
}

function linesOf(role: string, access: Access, { isNew, canLogIn, tables, views }: Granted): string[] {
  if (access === 'none') {
    return [`Role ${role} can read nothing of hive-sync any more.`, 'The role itself is still there.'];
  }
  const reads =
    access === 'masked'
      ? `Role ${role} can read schema ${written(schemas.masked)}:\n${views} views without names, addresses, e-mails, phones, tracking data, free texts\nand payloads, and those to come. It cannot read schema ${written(schemas.hive)}.`
      : `Role ${role} can read schema ${written(schemas.hive)}:\n${tables} tables and ${views} views, and those to come.`;
  const name = quoted(role);
  const next = isNew
    ? ['\nThe role is new and has no password. Set one in psql:', `  \\password ${name}`]
    : canLogIn
      ? []
      : ['\nThe role cannot log in by itself. Give it to those who can:', `  grant ${name} to somebody;`];
  return [reads, ...next];
}
