// Who holds the locks that a session waits for. No statement is shown: it may hold customers' data.

/** A session of PostgreSQL. `since` = the start of its transaction, as UTC. */
export interface Holder extends Record<string, unknown> {
  readonly pid: number;
  readonly name: string | null;
  readonly role: string | null;
  readonly since: string | null;
}

/** Sessions in a row that wait for one another. */
const LONGEST_ROW = 8;

/**
 * A statement whose rows are the sessions at the end of those rows, three at most: they wait for nobody.
 * @param pids of sessions that wait
 */
export const holdersOf = (pids: readonly number[]): string => `
  with recursive row_of (pid, depth) as (
    select unnest(pg_blocking_pids(waiting)), 1 from unnest('{${pids.map(Number).join()}}'::int[]) as waiting
    union
    select unnest(pg_blocking_pids(pid)), depth + 1 from row_of where depth < ${LONGEST_ROW})
  select pid, nullif(application_name, '') as name, usename::text as role,
    to_char(xact_start at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as since
  from pg_stat_activity
  where pid in (select pid from row_of) and cardinality(pg_blocking_pids(pid)) = 0
  order by xact_start nulls last limit 3`;

/** Without a full stop. undefined = there are none. */
export function holdersInWords(holders: readonly Holder[]): string | undefined {
  if (holders.length === 0) return undefined;
  return holders
    .map(({ pid, name, role, since }) =>
      [
        `process ${pid} of the server`,
        ...(name === null ? [] : [`application_name "${name}"`]),
        ...(role === null ? [] : [`role ${role}`]),
        ...(since === null ? [] : [`in a transaction since ${since}`]),
      ].join(', '),
    )
    .join('; and ');
}
