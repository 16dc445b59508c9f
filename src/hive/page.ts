// The envelope of a list: {"data":[…],"pagination":{current_page,item_count,page_count,items_per_page}}.
import { z } from 'zod';
import { HiveBodyError } from '../errors.js';

/** As far as the ledger's columns go. */
const count = z.int().min(0).max(2_147_483_647);
/** At the documented rate this takes a week: a list that claims more pages is no list that can be read. */
const MOST_PAGES = 1_000_000;
/** Nonsense here is no reason to refuse the records beside it. */
const optionalCount = count.optional().catch(undefined);

const envelope = z.object({
  data: z.array(z.unknown()),
  pagination: z.object({
    page_count: count.max(MOST_PAGES),
    item_count: optionalCount,
    items_per_page: count.min(1).optional().catch(undefined),
  }),
});

/** One page of a list as the API sent it. */
export interface Page {
  /** The records, unread: each is parsed alone, so that a bad one does not spoil its neighbours. */
  readonly records: readonly unknown[];
  readonly pageCount: number;
  /**
   * Records in all pages together, or undefined when what the API said cannot be that: no count, fewer than the rows
   * of its own page, or just the rows of a full first page while there are more pages (hive-api, unknown 2).
   */
  readonly itemCount: number | undefined;
  readonly itemsPerPage: number | undefined;
}

/** @throws HiveBodyError when the body is not a list */
export function readPage(body: unknown, url: string): Page {
  const result = envelope.safeParse(body);
  if (!result.success) {
    const issue = result.error.issues[0];
    const where = issue === undefined ? '' : ` (${issue.path.join('.') || 'body'}: ${issue.message})`;
    throw new HiveBodyError(`it is not a list with data and pagination${where}`, 200, url, undefined);
  }
  const { data, pagination } = result.data;
  const claimed = pagination.item_count;
  const contradicted =
    claimed !== undefined && (claimed < data.length || (pagination.page_count > 1 && claimed <= data.length));
  return {
    records: data,
    pageCount: pagination.page_count,
    itemCount: contradicted ? undefined : claimed,
    itemsPerPage: pagination.items_per_page,
  };
}
