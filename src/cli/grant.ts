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

function linesOf(role: string, access: Access, granted: Granted): string[] {
  const { isNew, canLogIn, tables, views } = granted;
  if (access === 'none') {
    const done = [`Role ${role} can read nothing of hive-sync any more.`, 'The role itself is still there.'];
    return [...done, ...linesOfOthers(access, granted)];
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
  return [reads, ...linesOfOthers(access, granted), ...next];
}

/** Who else gets, loses or keeps something, and why. */
function linesOfOthers(access: Access, { members, keeps, throughViews, broken }: Granted): string[] {
  const keeping = new Set(keeps.map(({ role }) => role));
  const same = members.filter(({ role }) => !keeping.has(role));
  const lines: string[] = [];
  if (same.length > 0) {
    lines.push(access === 'none' ? '\nNor can its members:' : '\nIts members can do the same:');
    for (const { role, inherits } of same) lines.push(`  ${role}${inherits ? '' : ', after SET ROLE'}`);
  }
  if (keeps.length > 0) lines.push('\nMembers of it that still do:');
  for (const { role, what, how, remedy } of keeps)
    lines.push(`  ${role}: ${what}, ${how}`, `    to end that: ${remedy};`);
  if (throughViews.length > 0) lines.push('\nIt reads what others built on the tables, personal data included:');
  for (const { view, owner } of throughViews) lines.push(`  ${view}, of role ${owner}`);
  if (broken.length > 0) lines.push('\nNot of this change, but not as it was granted:');
  for (const { role, what, how, remedy } of broken)
    lines.push(`  ${role} reaches ${what}, ${how}`, `    to end that: ${remedy};`);
  return lines;
}
