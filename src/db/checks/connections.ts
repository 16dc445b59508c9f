// Has PostgreSQL as many connections as a process takes? Sources: PostgreSQL documentation, "Connection Settings" (20.3.1),
// CREATE ROLE and CREATE DATABASE (CONNECTION LIMIT, which does not hold for superusers).
import type { Finding } from '../../finding.js';
import type { Database } from '../database.js';
import { ask, type Facts } from './facts.js';

export interface Needs {
  /** DATABASE_POOL. */
  readonly pool: number;
  /** Connections that a process takes beside its pool. */
  readonly beside: number;
  /** The same for a queue in this PostgreSQL; 0 = it is in Redis. */
  readonly queue: number;
}

/** The number of connections alone, on the one that there is. @returns nothing when there are enough */
export async function checkConnections({ db }: Pick<Database, 'db'>, needs: Needs): Promise<Finding[]> {
  const { facts } = await ask(db);
  return [judgeConnections(facts, needs)].filter((finding) => finding !== undefined);
}

/** What the limits allow, then what others have left of it. @returns undefined when that is enough */
export const judgeConnections = (facts: Facts, needs: Needs): Finding | undefined =>
  onLimits(facts, needs) ?? onFree(facts, needs);

/** The least of the limits that hold for the role. A superuser has only that of the server. */
export function limitOf(facts: Facts): Limit {
  return limitsOf(facts).reduce((least, one) => (one.limit < least.limit ? one : least));
}

interface Limit {
  readonly limit: number;
  /** Of it by others, or by other processes of ours. */
  readonly used: number;
  readonly whose: string;
  readonly raise: string;
}

function limitsOf(facts: Facts): Limit[] {
  const { is_super: isSuper, max_connections: max, reserved, role, role_limit, database, database_limit } = facts;
  return [
    {
      used: facts.used,
      limit: isSuper ? max : max - reserved,
      whose: `the server has ${max} (max_connections)${isSuper ? '' : `, ${reserved} of them reserved`}`,
      raise: 'raise max_connections',
    },
    ...[
      {
        used: facts.role_used,
        limit: role_limit,
        whose: `the role "${role}" has ${role_limit}`,
        raise: `alter role "${role}" connection limit`,
      },
      {
        used: facts.database_used,
        limit: database_limit,
        whose: `the database "${database}" has ${database_limit}`,
        raise: `alter database "${database}" connection limit`,
      },
    ].filter(({ limit }) => limit >= 0 && !isSuper),
  ];
}

/** Without one for statements, the claims, and for a queue here one for its statements and the listener nothing goes on. */
const fewestOf = ({ queue }: Needs): number => (queue > 0 ? 4 : 2);

/** What others have taken may come back. */
function onFree(facts: Facts, needs: Needs): Finding | undefined {
  const needed = needs.pool + needs.beside + needs.queue;
  const { limit, used, whose } = limitsOf(facts).reduce((least, one) =>
    one.limit - one.used < least.limit - least.used ? one : least,
  );
  const free = Math.max(0, limit - used);
  if (free >= needed) return undefined;
  const told = `a process takes up to ${needed}, ${whose}, and ${used} are in use by others: ${free} are left`;
  return free < fewestOf(needs)
    ? {
        level: 'stop',
        about: 'number of connections',
        sentence: `${told}, too few to work with. End some, or raise the limit.`,
        mayPass: true,
      }
    : {
        level: 'mind',
        about: 'number of connections',
        sentence: `${told}. What is refused is tried again. Set a smaller DATABASE_POOL, end some, or raise the limit.`,
      };
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
