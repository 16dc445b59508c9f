// Locks of a session, on one connection of their own.
import postgres from 'postgres';
import type { PostgresAddress } from '../../addresses/postgres.js';
import { postgresJsOptions } from '../connection/driver-options.js';
import { USE } from '../connection/silence.js';
import { reconnectAfter } from '../database.js';
import type { Locks } from './locks.js';

/** @param address whose sessions are not shared */
export function locksInSession(address: PostgresAddress, purpose: string): Locks {
  /** What the server knows that we hold. */
  const held = new Set<string>();
  const client = postgres({
    ...postgresJsOptions(address, purpose),
    max: 1,
    backoff: reconnectAfter,
    max_lifetime: null,
    // It reads no arrays, and array-types.ts says why it does not ask for their types.
    fetch_types: false,
    onnotice: () => {},
    onclose: () => held.clear(),
  });
  return {
    async use() {
      await client.unsafe(USE);
    },
    async tryOne(key) {
      if (held.has(key)) return true;
      const [row] = await client<{ ours: boolean }[]>`
        select pg_try_advisory_lock(hashtextextended(${key}, 0)) as ours`;
      if (row?.ours === true) held.add(key);
      return row?.ours === true;
    },
    async share(key) {
      if (held.has(key)) return;
      await client`select pg_advisory_lock_shared(hashtextextended(${key}, 0))`;
      held.add(key);
    },
    async release(key) {
      if (!held.delete(key)) return;
      await client`select pg_advisory_unlock(hashtextextended(${key}, 0))`;
    },
    async isFree(key) {
      // Locks of one session do not get in each other's way, so our own does not count.
      const [row] = await client<{ free: boolean }[]>`
        select pg_try_advisory_lock(hashtextextended(${key}, 0)) as free`;
      if (row?.free === true) await client`select pg_advisory_unlock(hashtextextended(${key}, 0))`;
      return row?.free === true;
    },
    close: () => client.end({ timeout: 1 }),
  };
}
