// Is this PostgreSQL one that the product can live in? One statement asks for all that the server says of itself.
// Sources: PostgreSQL documentation, "Connection Settings" (20.3.1), CREATE ROLE and CREATE DATABASE (CONNECTION LIMIT, which
// does not hold for superusers), "Character Set Support" (24.3).
import { sql } from 'drizzle-orm';
import { isNear } from '../../addresses/near.js';
import type { PostgresAddress } from '../../addresses/postgres.js';
import type { Finding } from '../../finding.js';
import { probeOptions } from '../connection/driver-options.js';
import { overruledIn } from '../connection/session.js';
import { matchesSession } from '../connection/session-kind.js';
import type { Database, Executor } from '../database.js';

const OLDEST = 14;
/** More than clocks differ that are set over the network, milliseconds. */
export const CLOCKS_DIFFER_MS = 5_000;

export interface Needs {
  /** DATABASE_POOL. */
  readonly pool: number;
  /** Connections that a process takes beside its pool. */
  readonly beside: number;
  /** The same for a queue in this PostgreSQL; 0 = it is in Redis. */
  readonly queue: number;
}

interface Facts extends Record<string, unknown> {
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
  /** Sessions of others and of ours, this one included. */
  used: number;
  transaction_timeout: string;
  replication_role: string;
  tls: string | null;
  now: number;
}

/** Everything but `well` says what to do. @throws what keeps it from being asked */
export async function checkServer({ db, address }: Pick<Database, 'db' | 'address'>, needs: Needs): Promise<Finding[]> {
  const [asked, isReadOnly] = await Promise.all([ask(db), matchesSession(probeOptions(address, 'check'), 'read-only')]);
  const { facts, aheadMs } = asked;
  const found = [
    onVersion(facts),
    onEncoding(facts),
    onLimits(facts, needs),
    onTimeout(facts),
    onReplicationRole(facts),
    isReadOnly ? onReadOnly(facts) : undefined,
    onOptions(address),
    onTls(facts, address),
    onClock(aheadMs),
  ].filter((finding) => finding !== undefined);
  return found.length > 0 ? found : [{ level: 'well', about: 'PostgreSQL', sentence: inShort(facts, needs) }];
}

async function ask(db: Executor): Promise<{ facts: Facts; aheadMs: number }> {
  const before = Date.now();
  const [facts] = await db.execute<Facts>(sql`
    select current_setting('server_version_num')::int as version, current_setting('server_encoding') as encoding,
      d.datname::text as database, r.rolname::text as role, pg_is_in_recovery() as standby, r.rolsuper as is_super,
      current_setting('max_connections')::int as max_connections,
      current_setting('superuser_reserved_connections')::int
        + coalesce(current_setting('reserved_connections', true)::int, 0) as reserved,
      r.rolconnlimit as role_limit, d.datconnlimit as database_limit,
      (select count(*)::int from pg_stat_activity where datid is not null) as used,
      coalesce(current_setting('transaction_timeout', true), '0') as transaction_timeout,
      current_setting('session_replication_role') as replication_role,
      (select s.version from pg_stat_ssl s where s.pid = pg_backend_pid() and s.ssl) as tls,
      (extract(epoch from pg_catalog.clock_timestamp()) * 1000)::float8 as now
    from pg_database d, pg_roles r where d.datname = current_database() and r.rolname = session_user`);
  if (facts === undefined) throw new Error('the server does not say what it is');
  return { facts, aheadMs: facts.now - (before + Date.now()) / 2 };
}

const major = ({ version }: Facts): number => Math.floor(version / 10_000);

const inShort = (facts: Facts, needs: Needs): string =>
  `version ${major(facts)}, ${facts.encoding}, ${facts.tls ?? 'without TLS'}; a process takes ${needs.pool + needs.beside + needs.queue} connections of ${limitOf(facts).limit}, ${facts.used} are in use`;

const onVersion = (facts: Facts): Finding | undefined =>
  major(facts) >= OLDEST
    ? undefined
    : {
        level: 'stop',
        about: 'version of PostgreSQL',
        sentence: `it is ${major(facts)}, and hive-sync needs ${OLDEST} or newer. Upgrade the server, or use another.`,
      };

const onEncoding = ({ encoding, database }: Facts): Finding | undefined =>
  encoding === 'UTF8'
    ? undefined
    : {
        level: 'stop',
        about: 'encoding',
        sentence: `the database "${database}" is encoded in ${encoding}, which cannot hold the names of all customers. Make another: create database hive encoding 'UTF8' template template0, and name it in DATABASE_URL.`,
      };

/** The least of the limits that hold for the role. A superuser has only that of the server. */
function limitOf(facts: Facts): { limit: number; whose: string; raise: string } {
  const { is_super: isSuper, max_connections: max, reserved, role, role_limit, database, database_limit } = facts;
  const limits = [
    {
      limit: isSuper ? max : max - reserved,
      whose: `the server has ${max} (max_connections)${isSuper ? '' : `, ${reserved} of them reserved`}`,
      raise: 'raise max_connections',
    },
    ...[
      {
        limit: role_limit,
        whose: `the role "${role}" has ${role_limit}`,
        raise: `alter role "${role}" connection limit`,
      },
      {
        limit: database_limit,
        whose: `the database "${database}" has ${database_limit}`,
        raise: `alter database "${database}" connection limit`,
      },
    ].filter(({ limit }) => limit >= 0 && !isSuper),
  ];
  return limits.reduce((least, one) => (one.limit < least.limit ? one : least));
}

function onLimits(facts: Facts, needs: Needs): Finding | undefined {
  const beside = needs.beside + needs.queue;
  const needed = needs.pool + beside;
  const { limit, whose, raise } = limitOf(facts);
  if (limit >= needed) return undefined;
  const smaller =
    limit > beside
      ? `set DATABASE_POOL=${limit - beside}`
      : needs.queue > 0 && limit > needs.beside
        ? `keep the queue in Redis with DATABASE_POOL=${limit - needs.beside}`
        : undefined;
  const allow = raise.endsWith('limit') ? `run: ${raise} ${needed}` : `${raise} to ${needed + facts.reserved}`;
  return {
    level: 'stop',
    about: 'number of connections',
    sentence: `a process takes ${needed} (DATABASE_POOL=${needs.pool} and ${beside} more), and ${whose}. ${smaller === undefined ? '' : `Either ${smaller}, or `}${smaller === undefined ? allow.replace(/^./, (first) => first.toUpperCase()) : allow}.`,
  };
}

const onTimeout = ({ transaction_timeout: timeout, role }: Facts): Finding | undefined =>
  timeout === '0'
    ? undefined
    : {
        level: 'mind',
        about: 'transaction_timeout',
        sentence: `it is ${timeout} and ends transactions that take longer, again and again. Run: alter role "${role}" set transaction_timeout = 0`,
      };

const onReplicationRole = ({ replication_role: is, role }: Facts): Finding | undefined =>
  is === 'origin'
    ? undefined
    : {
        level: 'stop',
        about: 'session_replication_role',
        sentence: `it is ${is}, so triggers do not fire and the views would count wrong. Run: alter role "${role}" reset session_replication_role`,
      };

const onReadOnly = ({ standby }: Facts): Finding =>
  standby
    ? {
        level: 'stop',
        about: 'PostgreSQL',
        sentence:
          'it is a standby, where nothing can be written. DATABASE_URL has to name the primary; with several hosts add target_session_attrs=read-write.',
        mayPass: true,
      }
    : {
        level: 'mind',
        about: 'default_transaction_read_only',
        sentence:
          'somebody has made this database or role read-only, and hive-sync writes all the same. Hosts do that when the disk is nearly full: make room.',
      };

function onOptions({ options = '' }: PostgresAddress): Finding | undefined {
  const names = overruledIn(options);
  if (names.length === 0) return undefined;
  return {
    level: 'mind',
    about: 'options in DATABASE_URL',
    sentence: `${names.join(', ')} ${names.length === 1 ? 'has' : 'have'} no effect, as hive-sync sets that itself for its sessions. Leave it out.`,
  };
}

/** Through a pooler the server tells of the way between the two, which is not ours. */
const onTls = ({ tls }: Facts, { hosts, sessions = 'own' }: PostgresAddress): Finding | undefined =>
  sessions !== 'own' || tls !== null || hosts.every(({ host }) => isNear(host))
    ? undefined
    : {
        level: 'mind',
        about: 'TLS to PostgreSQL',
        sentence:
          "customers' data goes over the network in clear. Add sslmode=verify-full to DATABASE_URL, if the server has TLS.",
      };

const onClock = (aheadMs: number): Finding | undefined =>
  Math.abs(aheadMs) < CLOCKS_DIFFER_MS
    ? undefined
    : {
        level: 'mind',
        about: 'clocks',
        sentence: `PostgreSQL's is ${Math.round(Math.abs(aheadMs) / 1_000)} s ${aheadMs > 0 ? 'ahead of' : 'behind'} this machine's. Set both by NTP.`,
      };
