// A dead letter that is tried again and again, by a script or an impatient hand, is asked for once: the run that waits to
// do so is found instead of another one being filed.
import { eq, sql } from 'drizzle-orm';
import type { Executor } from './database.js';
import type { NewWindow, Run } from './ledger.js';
import { runs } from './machinery/ledger.js';

export interface Wanted {
  readonly account: string;
  readonly records: readonly { readonly collection: string; readonly ids: readonly number[] }[];
  readonly windows: readonly NewWindow[];
}

/** @returns a retry under way that has yet to read all that is wanted; undefined = none */
export async function findSameRetry(tx: Executor, { account, records, windows }: Wanted): Promise<Run | undefined> {
  const lookups = records.flatMap(({ collection, ids }) => ids.map((id) => ({ collection, id })));
  // A whole list is pinned to the instant when it was asked for, which is no difference.
  const lists = windows.map(({ collection, kind, from, to, pages }) => ({
    collection,
    kind,
    pages: pages ?? null,
    ...(kind === 'whole' ? { from: null, to: null } : { from, to }),
  }));
  const [same] = await tx.execute<{ id: number }>(sql`
    select r.id from sync.runs r
    where r.account = ${account} and r.mode = 'retry' and r.state = 'running'
      and not exists (
        select from jsonb_to_recordset(${JSON.stringify(lookups)}::text::jsonb) as wanted(collection text, id bigint)
        where not exists (select from sync.lookups l where l.run_id = r.id and l.collection = wanted.collection
          and l.record_id = wanted.id and l.state = 'waiting'))
      and not exists (
        select from jsonb_to_recordset(${JSON.stringify(lists)}::text::jsonb)
          as wanted(collection text, kind text, "from" timestamptz, "to" timestamptz, pages integer[])
        where not exists (select from sync.windows w where w.run_id = r.id and w.collection = wanted.collection
          and w.kind = wanted.kind and w.state in ('waiting', 'reading') and w.pages_again is not distinct from wanted.pages
          and (wanted.kind = 'whole' or (w.from_at is not distinct from wanted."from"
            and w.to_at is not distinct from wanted."to"))))
    order by r.id desc limit 1`);
  if (same === undefined) return undefined;
  const [run] = await tx.select().from(runs).where(eq(runs.id, same.id));
  return run;
}
