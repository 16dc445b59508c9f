// Does a session stay one session? A pooler in between may give each transaction another, and then locks, LISTEN and
// settings are lost without an error. So they are used, while another transaction takes what the pooler has.
import { randomInt } from 'node:crypto';
import postgres from 'postgres';
import type { PostgresAddress } from '../../addresses/postgres.js';
import type { Finding } from '../../finding.js';
import { postgresJsOptions } from '../connection/driver-options.js';
import { REASONS, SESSION, type SessionSetting } from '../connection/session.js';

const ABOUT = 'sessions';
const DIRECT = 'DATABASE_URL has to name PostgreSQL itself.';

/** @returns one finding. @throws what keeps it from being tried */
export async function checkSession(address: PostgresAddress): Promise<Finding> {
  const open = () =>
    postgres({
      ...postgresJsOptions(address, 'check'),
      max: 1,
      fetch_types: false, // connection/array-types.ts says why
      onnotice: () => {},
    });
  const [one, other] = [open(), open()];
  try {
    const key = randomInt(2 ** 40);
    const [first] = await one<{ pid: number }[]>`select pg_backend_pid() as pid, pg_advisory_lock(${key}::bigint)`;
    const [isFree, second] = await other.begin(async (tx) => {
      const [row] = await tx<{ free: boolean }[]>`select pg_try_advisory_xact_lock(${key}::bigint) as free`;
      const [again] = await one<{ pid: number }[]>`select pg_backend_pid() as pid`;
      return [row?.free, again] as const;
    });
    const [unlocked] = await one<{ ours: boolean }[]>`select pg_advisory_unlock(${key}::bigint) as ours`;
    if (isFree === true || first?.pid !== second?.pid || unlocked?.ours !== true) {
      return {
        level: 'stop',
        about: ABOUT,
        sentence: `a lock of a session does not outlast its statement: a pooler in transaction mode is in between, and two workers would do the same run. ${DIRECT}`,
      };
    }
    return (await lostSetting(one)) ?? { level: 'well', about: ABOUT, sentence: 'locks and settings stay' };
  } finally {
    await Promise.all([one.end({ timeout: 0 }), other.end({ timeout: 0 })]);
  }
}

async function lostSetting(client: postgres.Sql): Promise<Finding | undefined> {
  const names = Object.keys(SESSION) as SessionSetting[];
  const rows = await client<{ name: SessionSetting; value: string }[]>`
    select name, current_setting(name) as value from unnest(${`{${names.join()}}`}::text[]) as name`;
  const lost = rows.find(({ name, value }) => value !== SESSION[name]);
  if (lost === undefined) return undefined;
  return {
    level: 'stop',
    about: ABOUT,
    sentence: `${lost.name} is ${lost.value} although hive-sync asks for ${SESSION[lost.name]} (${REASONS[lost.name]}): a pooler in between drops it. ${DIRECT}`,
  };
}
