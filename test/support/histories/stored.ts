// What the tables say of one account, as the oracle reads it.
import { sql } from 'drizzle-orm';
import type { Db } from '../../../src/db/database.js';
import type { Collection } from '../../../src/sync/collection.js';

const ms = (column: string, name = column) => sql.raw(`extract(epoch from ${column})::float8 * 1000 as ${name}`);

export interface StoredRow extends Record<string, unknown> {
  readonly id: number;
  readonly raw: Record<string, unknown>;
  /** Epoch milliseconds, like all instants here. */
  readonly fetched_at: number;
  readonly deleted_at: number | null;
  readonly source: string;
  readonly is_in_doubt: boolean;
}

/** `is_in_doubt`: a webhook about it waits to be dealt with. */
export const readRows = (db: Db, { name, pgTable }: Collection, account: string): Promise<StoredRow[]> =>
  db.execute<StoredRow>(sql`
    select id, _raw as raw, _source as source, ${ms('_fetched_at', 'fetched_at')}, ${ms('_deleted_at', 'deleted_at')},
      exists (select from sync.webhook_deliveries d where d.account = ${account} and d.collection = ${name}
        and d.record_id = stored.id and d.processed_at is null) as is_in_doubt
    from ${pgTable} as stored where account = ${account} order by id`);

export interface Proof extends Record<string, unknown> {
  readonly collection: string;
  readonly whole_as_of: number | null;
  readonly whole_run_state: string | null;
  readonly whole_run_id: number | null;
  readonly new_up_to: number | null;
  readonly open_up_to: number | null;
}

export const readProofs = (db: Db, account: string): Promise<Proof[]> =>
  db.execute<Proof>(sql`
    select p.collection, p.whole_run_id, ${ms('whole_as_of')}, ${ms('new_up_to')}, ${ms('open_up_to')},
      (select state from sync.runs r where r.id = p.whole_run_id) as whole_run_state
    from sync.proofs p where account = ${account}`);

export interface StatusChange extends Record<string, unknown> {
  readonly record_id: number;
  readonly field: string;
  readonly old: string | null;
  readonly new: string | null;
}

export const readStatusChanges = (db: Db, collection: string, account: string): Promise<StatusChange[]> =>
  db.execute<StatusChange>(sql`
    select record_id, field, old, new from hive.status_changes
    where account = ${account} and collection = ${collection} order by record_id, id`);

export interface CertifiedWindow extends Record<string, unknown> {
  readonly id: number;
  readonly collection: string;
  readonly kind: string;
  readonly from_at: number | null;
  readonly to_at: number | null;
  readonly as_of: number | null;
  /** The answers that it rests on, in the order of their requests. */
  readonly reads: readonly { readonly page: number; readonly from: number; readonly to: number }[];
}

/** Certified windows that are not among those known already; they are not certified in the order of their ids. */
export const readCertified = (db: Db, account: string, known: ReadonlySet<number>): Promise<CertifiedWindow[]> =>
  db.execute<CertifiedWindow>(sql`
    select id, collection, kind, ${ms('from_at')}, ${ms('to_at')}, ${ms('as_of')},
      coalesce((select jsonb_agg(jsonb_build_object('page', page, 'from', extract(epoch from requested_at) * 1000,
          'to', extract(epoch from committed_at) * 1000) order by requested_at, pass, page)
        from sync.pages p where p.window_id = w.id and p.pass >= w.base_pass and p.state = 'read'), '[]') as reads
    from sync.windows w where account = ${account} and state = 'certified' and id <> all (${`{${[...known].join()}}`}::bigint[]) order by id`);
