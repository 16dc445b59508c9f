// What owners of servers set for their databases and roles, each to a value that would hurt whoever takes it as it is.
import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { inject, onTestFinished } from 'vitest';
import { SESSION } from '../../src/db/connection/session.js';

/** Setting and value; the first half is ours to set, the second must not matter. */
export const HOSTILE: readonly (readonly [name: string, value: string])[] = [
  ['client_encoding', 'LATIN1'],
  ['DateStyle', 'ISO, DMY'],
  ['DateStyle', 'German'],
  ['DateStyle', 'SQL, DMY'],
  ['DateStyle', 'Postgres, MDY'],
  ['IntervalStyle', 'iso_8601'],
  ['TimeZone', 'Asia/Kathmandu'],
  ['extra_float_digits', '-15'],
  ['bytea_output', 'escape'],
  ['array_nulls', 'off'],
  ['transform_null_equals', 'on'],
  ['quote_all_identifiers', 'on'],
  ['standard_conforming_strings', 'off'],
  ['row_security', 'on'],
  ['default_transaction_isolation', 'serializable'],
  ['default_transaction_read_only', 'on'],
  ['default_transaction_deferrable', 'on'],
  ['statement_timeout', '1ms'],
  ['lock_timeout', '1ms'],
  ['idle_in_transaction_session_timeout', '1ms'],
  ['idle_session_timeout', '1ms'],
  ['search_path', ''],
  ['search_path', 'elsewhere'],
  // Not set by us.
  ['jit_above_cost', '0'],
  ['plan_cache_mode', 'force_generic_plan'],
  ['work_mem', '64kB'],
];

export type Place = 'database' | 'role';

/**
 * Sets it where its owner would. A role is a new one for this test, which may do everything.
 * @returns the address by which sessions take it
 */
export async function setHostile(url: string, place: Place, settings: typeof HOSTILE): Promise<string> {
  const database = new URL(url).pathname.slice(1);
  const maintenance = postgres(inject('server'), { max: 1, onnotice: () => {} });
  const role = `hive_sync_test_${randomBytes(6).toString('hex')}`;
  try {
    await maintenance.unsafe(`create role ${role} login superuser password 'a-password'`);
    for (const [name, value] of settings) {
      const where = place === 'database' ? `database ${database}` : `role ${role}`;
      await maintenance.unsafe(
        `alter ${where} set ${name} = ${name === 'search_path' && value !== '' ? value : `'${value}'`}`,
      );
    }
  } finally {
    await maintenance.end();
  }
  onTestFinished(async () => {
    const last = postgres(url, { max: 1, onnotice: () => {}, connection: SESSION as object });
    await last.unsafe(`drop owned by ${role} cascade`);
    await last.unsafe(`drop role ${role}`);
    await last.end();
  });
  return Object.assign(new URL(url), { username: role, password: 'a-password' }).href;
}
