// Do sessions keep what they are said to keep? A pooler in between may give each transaction another, or give a session on
// with what the one before has left in it, all of it without an error. So locks and settings are used.
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import postgres from 'postgres';
import type { PostgresAddress } from '../../addresses/postgres.js';
import type { Finding } from '../../finding.js';
import { inSentence } from '../../schema-names.js';
import { postgresJsOptions } from '../connection/driver-options.js';
import { REASONS, SESSION, type SessionSetting } from '../connection/session.js';
import type { Database } from '../database.js';

const ABOUT = 'sessions';
/** For a pooler to take back a session, milliseconds. */
const TAKES_BACK_MS = 2_000;

export interface Ways extends Pick<Database, 'db' | 'address'> {
  /** Where the claims are, and the queue without Redis. */
  readonly sessions: PostgresAddress;
}

/** @returns one finding. @throws what keeps it from being tried */
export async function checkSession({ db, address, sessions }: Ways): Promise<Finding> {
  const lost = await lostSetting((names) => db.execute(sql.raw(names)));
  if (lost !== undefined) return lost;
  const locks = sessions.sessions === 'shared' ? undefined : await checkLocks(sessions);
  if (locks !== undefined) return locks;
  return { level: 'well', about: ABOUT, sentence: inShort(address, sessions) };
}

function inShort(address: PostgresAddress, sessions: PostgresAddress): string {
  if (address.sessions !== 'shared') {
    return address.sessions === 'pooled'
      ? 'a pooler in session mode; locks and settings stay'
      : 'locks and settings stay';
  }
  return sessions.sessions === 'shared'
    ? 'a pooler in transaction mode; settings go with each transaction, and locks are those of one that stays open'
    : 'a pooler in transaction mode, where settings go with each transaction; locks stay at QUEUE_DATABASE_URL';
}

async function checkLocks(address: PostgresAddress): Promise<Finding | undefined> {
  const open = () =>
    postgres({
      ...postgresJsOptions(address, 'check'),
      max: 1,
      fetch_types: false, // connection/array-types.ts says why
      onnotice: () => {},
    });
  const [one, other] = [open(), open()];
  try {
    const key = randomInt(2 ** 31);
    const [first] = await one<{ pid: number }[]>`select pg_backend_pid() as pid, pg_advisory_lock(${key}::bigint)`;
    const [isFree, second] = await other.begin(async (tx) => {
      const [row] = await tx<{ free: boolean }[]>`select pg_try_advisory_xact_lock(${key}::bigint) as free`;
      const [again] = await one<{ pid: number }[]>`select pg_backend_pid() as pid`;
      return [row?.free, again] as const;
    });
    if (isFree === true || first?.pid !== second?.pid) {
      return {
        level: 'stop',
        about: ABOUT,
        sentence:
          'a lock of a session does not outlast its statement: a pooler in transaction mode is in between, and two workers would do the same run. Start again, so that it is looked at anew.',
      };
    }
    const lost = await lostSetting((question) => one.unsafe(question));
    if (lost !== undefined) return lost;
    await one.end({ timeout: 1 });
    return (await isLetGo(other, key)) ? undefined : notReset;
  } finally {
    await Promise.all([one.end({ timeout: 0 }), other.end({ timeout: 0 })]);
  }
}

const notReset: Finding = {
  level: 'stop',
  about: ABOUT,
  sentence:
    'a pooler gives a session on with the locks of the one who had it, so that the run of a worker that died would be taken for its own for ever. Let it reset them (PgBouncer: server_reset_query = DISCARD ALL).',
};

/** The one who held it has left. */
async function isLetGo(other: postgres.Sql, key: number): Promise<boolean> {
  const until = performance.now() + TAKES_BACK_MS;
  for (;;) {
    // Asked of all sessions: in the same one, the lock would be had twice.
    const [lock] = await other`
      select from pg_locks l join pg_database d on d.oid = l.database and d.datname = current_database()
      where l.locktype = 'advisory' and l.classid = 0 and l.objid = ${key}::bigint and l.objsubid = 1`;
    if (lock === undefined) return true;
    if (performance.now() > until) return false;
    await sleep(20);
  }
}

/** @param ask a question without parameters */
async function lostSetting(ask: (question: string) => Promise<readonly object[]>): Promise<Finding | undefined> {
  const names = Object.keys(SESSION) as SessionSetting[];
  const rows = await ask(
    // The one that may be lost is search_path.
    `select name, pg_catalog.current_setting(name) as value from pg_catalog.unnest('{${names.join()}}'::pg_catalog.text[]) as name`,
  );
  const lost = (rows as { name: SessionSetting; value: string }[]).find(({ name, value }) => value !== SESSION[name]);
  if (lost === undefined) return undefined;
  return {
    level: 'stop',
    about: ABOUT,
    sentence: `${lost.name} is ${lost.value} although hive-sync asks for ${SESSION[lost.name]} (${inSentence(REASONS[lost.name])}): something in between drops it. DATABASE_URL has to name PostgreSQL itself.`,
  };
}
