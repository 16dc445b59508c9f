// Is this PostgreSQL one that the product can live in? Source: PostgreSQL documentation, "Character Set Support" (24.3).
import { isNear } from '../../addresses/near.js';
import type { PostgresAddress } from '../../addresses/postgres.js';
import type { Finding } from '../../finding.js';
import { probeOptions } from '../connection/driver-options.js';
import { overruledIn } from '../connection/session.js';
import { matchesSession } from '../connection/session-kind.js';
import type { Database } from '../database.js';
import { judgeConnections, limitOf, type Needs } from './connections.js';
import { ask, type Facts } from './facts.js';

const OLDEST = 14;
/** More than clocks differ that are set over the network, milliseconds. */
export const CLOCKS_DIFFER_MS = 5_000;

/** Everything but `well` says what to do. @throws what keeps it from being asked */
export async function checkServer({ db, address }: Pick<Database, 'db' | 'address'>, needs: Needs): Promise<Finding[]> {
  const { facts, aheadMs } = await ask(db);
  // Before the next one is taken.
  const onConnections = judgeConnections(facts, needs);
  if (onConnections?.level === 'stop') return [onConnections];
  const isReadOnly = await matchesSession(probeOptions(address, 'check'), 'read-only');
  const found = [
    onVersion(facts),
    onEncoding(facts),
    onConnections,
    onTimeout(facts),
    onReplicationRole(facts),
    isReadOnly ? onReadOnly(facts) : undefined,
    onOptions(address),
    onTls(facts, address),
    onClock(aheadMs),
  ].filter((finding) => finding !== undefined);
  return found.length > 0 ? found : [{ level: 'well', about: 'PostgreSQL', sentence: inShort(facts, needs) }];
}

const major = ({ version }: Facts): number => Math.floor(version / 10_000);

const inShort = (facts: Facts, needs: Needs): string =>
  `version ${major(facts)}, ${facts.encoding}, ${facts.tls ?? 'without TLS'}; a process takes ${needs.pool + needs.beside + needs.queue} connections of ${limitOf(facts).limit}, ${facts.used + 1} are in use`;

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
