// What shows from outside whether an account is well: how old its proofs are, what differs, what waits for a person, what
// runs. Cheap enough to be read every few seconds: no table of records is touched.
import { sql } from 'drizzle-orm';
import type { Executor } from './database.js';

export interface Proof {
  /** Milliseconds since the instant as of which the whole list was last proved; null = never. */
  readonly certifiedAgeMs: number | null;
  /** Milliseconds since the instant up to which new records are in the table; null = never. */
  readonly newRecordsAgeMs: number | null;
  /** Milliseconds since the instant as of which open records are true; null = never. */
  readonly openRecordsAgeMs: number | null;
  /** null = the API never said a count. */
  readonly apiCount: number | null;
  /** Milliseconds since the API was asked for it. */
  readonly apiCountAgeMs: number | null;
  /** apiCount less our own count when they were compared; null = not compared. */
  readonly missing: number | null;
}

export interface Vitals {
  /** By collection; those that were never read are not in it. */
  readonly proofs: ReadonlyMap<string, Proof>;
  readonly openDeadLetters: readonly { readonly collection: string; readonly kind: string; readonly count: number }[];
  /** Runs under way, by mode. */
  readonly running: ReadonlyMap<string, number>;
  /** When the last complete run of a mode ended. */
  readonly lastComplete: ReadonlyMap<string, Date>;
  /** When the last failed run of a mode ended. */
  readonly lastFailed: ReadonlyMap<string, Date>;
  /** By mode: runs that ended incomplete since the last one that ended complete; counted up to 100. */
  readonly incompleteInARow: ReadonlyMap<string, number>;
}

/** Null stays null, where greatest() alone would make 0 of it. */
const ageMs = (column: string) =>
  sql.raw(
    `case when ${column} is not null then greatest(0, extract(epoch from clock_timestamp() - ${column})::float8 * 1000) end`,
  );

export async function readVitals(db: Executor, account: string): Promise<Vitals> {
  const [proofs, letters, running, complete, ends] = await Promise.all([
    db.execute<{
      collection: string;
      certified: number | null;
      new_records: number | null;
      open_records: number | null;
      api_count: number | null;
      counted: number | null;
      missing: number | null;
    }>(sql`
      select collection, ${ageMs('whole_as_of')} as certified,
        ${ageMs('new_up_to')} as new_records,
        ${ageMs('open_up_to')} as open_records,
        api_count, ${ageMs('api_count_at')} as counted, missing
      from sync.proofs where account = ${account}`),
    db.execute<{ collection: string; kind: string; count: number }>(sql`
      select collection, kind, count(*) as count from sync.dead_letters
      where account = ${account} and resolved_at is null group by collection, kind`),
    db.execute<{ mode: string; count: number }>(sql`
      select mode, count(*) as count from sync.runs where account = ${account} and state = 'running' group by mode`),
    db.execute<{ mode: string; at: number }>(sql`
      select m.mode, extract(epoch from r.finished_at)::float8 * 1000 as at
      from unnest('{incremental,full,backfill,refresh,retry}'::text[]) as m (mode) cross join lateral (
        select finished_at from sync.runs where account = ${account} and mode = m.mode and state = 'complete'
        order by finished_at desc limit 1) r`),
    db.execute<{ mode: string; failed: number | null; incomplete: number }>(sql`
      select m.mode, (select extract(epoch from max(finished_at))::float8 * 1000 from sync.runs
          where account = ${account} and mode = m.mode and state = 'failed') as failed,
        (select count(*) from (
          select from sync.runs where account = ${account} and mode = m.mode and state = 'incomplete'
            and finished_at > coalesce((select max(finished_at) from sync.runs
              where account = ${account} and mode = m.mode and state = 'complete'), '-infinity') limit 100) x) as incomplete
      from unnest('{incremental,full,backfill,refresh,retry}'::text[]) as m (mode)`),
  ]);
  return {
    proofs: new Map(
      proofs.map((one) => [
        one.collection,
        {
          certifiedAgeMs: one.certified,
          newRecordsAgeMs: one.new_records,
          openRecordsAgeMs: one.open_records,
          apiCount: one.api_count,
          apiCountAgeMs: one.counted,
          missing: one.missing,
        },
      ]),
    ),
    openDeadLetters: letters,
    running: new Map(running.map(({ mode, count }) => [mode, count])),
    lastComplete: new Map(complete.map(({ mode, at }) => [mode, new Date(at)])),
    lastFailed: new Map(ends.flatMap(({ mode, failed }) => (failed === null ? [] : [[mode, new Date(failed)]]))),
    incompleteInARow: new Map(ends.map(({ mode, incomplete }) => [mode, incomplete])),
  };
}
