// A row that is read again unchanged is not written, so it does not know that it was. The ledger does: which records stood
// in pages that were asked for later than a given answer.
import { type SQL, sql } from 'drizzle-orm';

export interface Asked {
  readonly account: string;
  readonly collection: string;
  /** Start of the request, ISO 8601. */
  readonly at: string;
}

/** A query for the ids (id) of a collection's records that a page from a later request has shown. */
export const seenLater = ({ account, collection, at }: Asked): SQL => sql`
  select unnest(p.ids) as id from sync.windows w join sync.pages p on p.window_id = w.id
  where w.account = ${account} and w.collection = ${collection}
    and (w.finished_at is null or w.finished_at > ${at}::timestamptz)
    and p.state = 'read' and p.requested_at > ${at}::timestamptz`;
