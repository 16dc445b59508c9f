// What a PostgreSQL says of itself, in one statement.
import { sql } from 'drizzle-orm';
import type { Executor } from '../database.js';

export interface Facts extends Record<string, unknown> {
  version: number;
  encoding: string;
  database: string;
  role: string;
  standby: boolean;
  is_super: boolean;
  max_connections: number;
  reserved: number;
  role_limit: number;
  database_limit: number;
  /** Sessions on the server without this one; those of the role; those in the database. */
  used: number;
  role_used: number;
  database_used: number;
  transaction_timeout: string;
  replication_role: string;
  tls: string | null;
  now: number;
}

/** @returns also how far the server's clock is ahead of ours */
export async function ask(db: Executor): Promise<{ facts: Facts; aheadMs: number }> {
  const before = Date.now();
  const [facts] = await db.execute<Facts>(sql`
    select current_setting('server_version_num')::int as version, current_setting('server_encoding') as encoding,
      d.datname::text as database, r.rolname::text as role, pg_is_in_recovery() as standby, r.rolsuper as is_super,
      current_setting('max_connections')::int as max_connections,
      current_setting('superuser_reserved_connections')::int
        + coalesce(current_setting('reserved_connections', true)::int, 0) as reserved,
      r.rolconnlimit as role_limit, d.datconnlimit as database_limit,
      a.used, a.role_used, a.database_used,
      coalesce(current_setting('transaction_timeout', true), '0') as transaction_timeout,
      current_setting('session_replication_role') as replication_role,
      (select s.version from pg_stat_ssl s where s.pid = pg_backend_pid() and s.ssl) as tls,
      (extract(epoch from pg_catalog.clock_timestamp()) * 1000)::float8 as now
    from pg_database d, pg_roles r, lateral (
      select count(*)::int as used, count(*) filter (where usename = r.rolname)::int as role_used,
        count(*) filter (where datname = d.datname)::int as database_used
      from pg_stat_activity where datid is not null and pid <> pg_backend_pid()) a
    where d.datname = current_database() and r.rolname = session_user`);
  if (facts === undefined) throw new Error('the server does not say what it is');
  return { facts, aheadMs: facts.now - (before + Date.now()) / 2 };
}
