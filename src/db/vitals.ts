// What shows from outside whether an account is well: how old its certificates are, what waits for a person, what runs.
// Cheap enough to be read every few seconds: no table of records is touched.
import { sql } from 'drizzle-orm';
import type { Executor } from './database.js';

export interface Vitals {
  /** Milliseconds since the instant up to which a collection is certified; those that never were are not in it. */
  readonly certifiedAgeMs: ReadonlyMap<string, number>;
  readonly openDeadLetters: readonly { readonly collection: string; readonly kind: string; readonly count: number }[];
  /** Runs under way, by mode. */
  readonly running: ReadonlyMap<string, number>;
  /** When the last complete run of a mode ended. */
  readonly lastComplete: ReadonlyMap<string, Date>;
}

export async function readVitals(db: Executor, account: string): Promise<Vitals> {
  const [certified, letters, running, complete] = await Promise.all([
    db.execute<{ collection: string; age: number }>(sql`
      select w.collection, extract(epoch from clock_timestamp() - max(coalesce(w.to_at, w.started_at)))::float8 * 1000 as age
      from sync.windows w where w.account = ${account} and w.state = 'certified' and w.kind in ('whole', 'head')
      group by w.collection`),
    db.execute<{ collection: string; kind: string; count: number }>(sql`
      select collection, kind, count(*) as count from sync.dead_letters
      where account = ${account} and resolved_at is null group by collection, kind`),
    db.execute<{ mode: string; count: number }>(sql`
      select mode, count(*) as count from sync.runs where account = ${account} and state = 'running' group by mode`),
    db.execute<{ mode: string; at: number }>(sql`
      select mode, extract(epoch from max(finished_at))::float8 * 1000 as at from sync.runs
      where account = ${account} and state = 'complete' group by mode`),
  ]);
  return {
    certifiedAgeMs: new Map(certified.map(({ collection, age }) => [collection, Math.max(0, age)])),
    openDeadLetters: letters,
    running: new Map(running.map(({ mode, count }) => [mode, count])),
    lastComplete: new Map(complete.map(({ mode, at }) => [mode, new Date(at)])),
  };
}
