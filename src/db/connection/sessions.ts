// What are the connections to an address: sessions of the server, or of a pooler that lends them for a while? It is found
// out by trying, as nothing else tells: poolers have many names and addresses, and mostly say nothing of themselves.
import postgres from 'postgres';
import { type PostgresAddress, placeOf, type Sessions } from '../../addresses/postgres.js';
import { ServiceUnavailableError } from '../../errors.js';
import { LateError, within } from '../../within.js';
import { bareOptions } from './driver-options.js';
import { asStatements, SESSION } from './session.js';

/** Longer than a pooler takes to make a connection, milliseconds. */
const PATIENCE_MS = 10_000;
/** For a third and fourth connection. */
const LESS_PATIENCE_MS = 2_000;
/** Connections that take a session away; a pooler that lends in turn, first in first out, may need more than one. */
const TAKERS = 3;

/**
 * Is it a session of the server's own, and nobody in between? Then the server says the same number of itself as at the
 * login, where a pooler, with which one may cancel, says one of its own; and it has the settings that the login asked for.
 * @param client made for sessions of the server's own; this may be its first statement
 */
export async function isOwnSession(client: postgres.Sql): Promise<boolean> {
  // It may not have our search_path: everything is named with its schema.
  const settings = Object.entries(SESSION).map(
    ([name, value]) => `pg_catalog.current_setting('${name}') operator(pg_catalog.=) '${value}'`,
  );
  const rows = await client.unsafe<{ pid: number; ours: boolean }[]>(
    `select pg_catalog.pg_backend_pid() as pid, ${settings.join(' and ')} as ours`,
  );
  return rows[0]?.ours === true && rows[0].pid === (rows.state as { pid?: number } | undefined)?.pid;
}

/**
 * How a pooler lends its sessions. Nothing of ours is set or left there, as others may get the same.
 * @throws ServiceUnavailableError where it lends one at a time only; what keeps it from being tried
 */
export async function sessionsOf(address: PostgresAddress): Promise<Exclude<Sessions, 'own'>> {
  const open = () =>
    postgres({
      // One host for all, else two of them were compared.
      ...bareOptions({ ...address, isShuffled: false }, 'probe'),
      max: 1,
      prepare: false,
      fetch_types: false,
      onnotice: () => {},
    });
  const one = open();
  const takers = Array.from({ length: TAKERS }, open);
  try {
    return (await isShared(one, takers)) ? 'shared' : 'pooled';
  } catch (error) {
    if (!(error instanceof LateError)) throw error;
    throw new ServiceUnavailableError(
      `The pooler at ${placeOf(address)} lent no second session within ${PATIENCE_MS / 1_000} s: let it lend more of them at once (default_pool_size of PgBouncer; docs/operations.md, "Poolers").`,
      { mayPass: true },
    );
  } finally {
    await Promise.all([one, ...takers].map((client) => client.end({ timeout: 0 })));
  }
}

/**
 * While others are inside a transaction, one asks where it is: a session that it keeps is the same each time, and none of
 * theirs. @throws LateError when there is no room for two at once
 */
async function isShared(one: postgres.Sql, takers: readonly postgres.Sql[]): Promise<boolean> {
  const ours = await within(PATIENCE_MS, pidOf(one));
  for (const [nth, taker] of takers.entries()) {
    const taken = within(nth === 0 ? PATIENCE_MS : LESS_PATIENCE_MS, insideTransaction(taker));
    const pid = await taken.catch((error: unknown) => {
      // A session that nobody used would have been lent at once.
      if (nth > 0 && error instanceof LateError) return undefined;
      throw error;
    });
    if (pid === undefined) return false;
    // Also when it is known by now: there must be room for two.
    const after = await within(PATIENCE_MS, pidOf(one));
    // Whoever ended that transaction, for being idle, made the room.
    if ((await within(PATIENCE_MS, pidOf(taker))) !== pid) throw new LateError('its transaction was ended');
    if (pid === ours || after !== ours) return true;
  }
  return false;
}

/** Begins a transaction, which the end of the connection ends. @returns where it is */
async function insideTransaction(client: postgres.Sql): Promise<number | undefined> {
  await client.unsafe(`begin read only; ${asStatements(SESSION, 'local')}`);
  return pidOf(client);
}

async function pidOf(client: postgres.ISql): Promise<number | undefined> {
  const [row] = await client.unsafe<{ pid: number }[]>('select pg_catalog.pg_backend_pid() as pid');
  return row?.pid;
}
