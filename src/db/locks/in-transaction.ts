// Locks of one transaction that stays open: a pooler that lends a session for each transaction lends this one until the
// process ends, and takes it back with the connection. The transaction writes nothing and keeps no snapshot, so it holds up
// neither vacuum nor anybody's index. The other driver, as postgres.js would go on in a new session without a word.
import pg from 'pg';
import type { PostgresAddress } from '../../addresses/postgres.js';
import { pgOptions } from '../connection/driver-options.js';
import { asStatements, SESSION } from '../connection/session.js';
import { USE } from '../connection/silence.js';
import type { Locks } from './locks.js';

const BEGIN = `begin isolation level read committed read only; ${asStatements(SESSION, 'local')}`;

type Form = 'pg_try_advisory_xact_lock' | 'pg_advisory_xact_lock_shared';

/** @param address whose sessions are shared */
export function locksInTransaction(address: PostgresAddress, purpose: string): Locks {
  /** What the server knows that we hold. */
  const held = new Map<string, Form>();
  let opened: Promise<pg.Client> | undefined;
  let turn: Promise<unknown> = Promise.resolve();

  /** One at a time: a lock that is taken while another one's savepoint goes would go with it. */
  function alone<T>(act: (client: pg.Client) => Promise<T>): Promise<T> {
    const ended = turn.then(async () => {
      const client = await connected();
      try {
        return await act(client);
      } catch (error) {
        // The transaction has failed, or its connection has.
        lose(client);
        throw error;
      }
    });
    turn = ended.catch(() => {});
    return ended;
  }

  function connected(): Promise<pg.Client> {
    opened ??= connect();
    return opened;
  }

  async function connect(): Promise<pg.Client> {
    const client = new pg.Client(pgOptions(address, purpose));
    client.on('error', () => lose(client));
    client.on('end', () => lose(client));
    current = client;
    try {
      await client.connect();
      await client.query(BEGIN);
      return client;
    } catch (error) {
      lose(client);
      throw error;
    }
  }

  let current: pg.Client | undefined;
  function lose(client: pg.Client): void {
    if (client !== current) return;
    current = undefined;
    opened = undefined;
    held.clear();
    client.end().catch(() => {});
  }

  /**
   * A transaction lets go of no single lock, so it is begun anew, in one message, so that the session stays. What is held
   * is taken again at once; for some microseconds it is anybody's, as after a lost connection.
   */
  async function renew(client: pg.Client): Promise<void> {
    const again = [...held].map(([key, form]) => `${form}(${hashOf(client, key)})`);
    const answers = await client.query(`commit; ${BEGIN}${again.map((lock) => `; select ${lock} as ours`).join('')}`);
    const rows = (answers as unknown as pg.QueryResult[]).slice(-again.length);
    for (const [nth, key] of [...held.keys()].entries()) {
      if (rows[nth]?.rows[0]?.ours === false) held.delete(key);
    }
  }

  return {
    async use() {
      await alone((client) => client.query(USE));
    },
    tryOne: (key) =>
      alone(async (client) => {
        if (held.has(key)) return true;
        const { rows } = await client.query(`select pg_try_advisory_xact_lock(hashtextextended($1, 0)) as ours`, [key]);
        if (rows[0]?.ours !== true) return false;
        held.set(key, 'pg_try_advisory_xact_lock');
        return true;
      }),
    share: (key) =>
      alone(async (client) => {
        if (held.has(key)) return;
        await client.query('select pg_advisory_xact_lock_shared(hashtextextended($1, 0))', [key]);
        held.set(key, 'pg_advisory_xact_lock_shared');
      }),
    release: (key) =>
      alone(async (client) => {
        if (held.delete(key)) await renew(client);
      }),
    isFree: (key) =>
      alone(async (client) => {
        const answers = await client.query(
          `savepoint look; select pg_try_advisory_xact_lock(${hashOf(client, key)}) as free; rollback to savepoint look; release savepoint look`,
        );
        return (answers as unknown as pg.QueryResult[])[1]?.rows[0]?.free === true;
      }),
    async close() {
      await turn;
      const client = current;
      current = undefined;
      await client?.end();
    },
  };
}

const hashOf = (client: pg.Client, key: string): string => `hashtextextended(${client.escapeLiteral(key)}, 0)`;
