// The envelope of a list: {"data":[…],"pagination":{current_page,item_count,page_count,items_per_page}}. Each number of
// it is held against the others and against the records beside it. What contradicts is not believed; the records are
// kept whatever the numbers say.
import { z } from 'zod';
import { HiveBodyError } from '../errors.js';

/** As far as the ledger's columns go. */
const MOST = 2_147_483_647;
/** At the documented rate this takes a week: a list that claims more pages is no list that can be read. */
const MOST_PAGES = 1_000_000;

/** Of one page. Hive sends 20; each is stored with its parts and its history in one transaction. */
const MOST_RECORDS = 1_000;

const envelope = z.object({ data: z.array(z.unknown()), pagination: z.unknown() });

/** One page of a list as the API sent it. */
export interface Page {
  /** The records, unread: each is parsed alone, so that a bad one does not spoil its neighbours. */
  readonly records: readonly unknown[];
  /** undefined when the API named no number of pages, or none that can be true. */
  readonly pageCount: number | undefined;
  /**
   * Records in all pages together, or undefined when what the API said cannot be that: no count, fewer than the rows
   * of its own page, or just the rows of a full first page while there are more pages (hive-api, unknown 2).
   */
  readonly itemCount: number | undefined;
  readonly itemsPerPage: number | undefined;
  /** Does the list end before this page? Then it shows none, or the last ones once more. */
  readonly isBeyond: boolean;
}

/** The page of a request that was answered with "not found" after the list had ended. */
export const beyondPage = ({ pageCount, itemCount, itemsPerPage }: Omit<Page, 'records' | 'isBeyond'>): Page => ({
  records: [],
  pageCount,
  itemCount,
  itemsPerPage,
  isBeyond: true,
});

/**
 * @param asked number of the page that was asked for, from 1
 * @throws HiveBodyError when the body is not a list
 */
export function readPage(body: unknown, url: string, asked: number): Page {
  const result = envelope.safeParse(body);
  if (!result.success) {
    const issue = result.error.issues[0];
    const where = issue === undefined ? '' : ` (${issue.path.join('.') || 'body'}: ${issue.message})`;
    throw new HiveBodyError(`it is not a list with data and pagination${where}`, 200, url, undefined);
  }
  const { data } = result.data;
  if (data.length > MOST_RECORDS) {
    throw new HiveBodyError(`it lists ${data.length} records, more than ${MOST_RECORDS}`, 200, url, undefined);
  }
  const said = readNumbers(result.data.pagination);
  // Some APIs answer a page past the end with their last one, and say so.
  const isRepeated = said.currentPage !== undefined && said.currentPage < asked && said.currentPage === said.pageCount;
  const isBeyond = asked > 1 && (isRepeated || data.length === 0);
  const rows = isRepeated ? 0 : data.length;
  const pageCount = isBeyond ? lowerThan(said.pageCount, asked) : atLeast(said.pageCount, rows > 0 ? asked : 0);
  const itemsPerPage = said.itemsPerPage === undefined || said.itemsPerPage < rows ? undefined : said.itemsPerPage;
  const itemCount = believable(said.itemCount, rows, pageCount ?? said.pageCount);
  // A page that is not full is the last one, whatever the numbers say.
  const isShort = !isBeyond && itemsPerPage !== undefined && rows < itemsPerPage;
  const believed = isShort && pageCount !== undefined && pageCount > asked ? undefined : pageCount;
  if (pageCount === undefined || itemCount === undefined || itemsPerPage === undefined) {
    return { records: data, pageCount: believed, itemCount: isBeyond ? undefined : itemCount, itemsPerPage, isBeyond };
  }
  // All three are there: then they must agree.
  const agrees = Math.max(1, Math.ceil(itemCount / itemsPerPage)) === Math.max(1, pageCount);
  return agrees
    ? { records: data, pageCount: believed, itemCount, itemsPerPage, isBeyond }
    : { records: data, pageCount: undefined, itemCount: undefined, itemsPerPage, isBeyond };
}

interface Numbers {
  readonly currentPage: number | undefined;
  readonly pageCount: number | undefined;
  readonly itemCount: number | undefined;
  readonly itemsPerPage: number | undefined;
}

function readNumbers(pagination: unknown): Numbers {
  const said = typeof pagination === 'object' && pagination !== null ? (pagination as Record<string, unknown>) : {};
  return {
    currentPage: wholeNumber(said.current_page, 1),
    pageCount: wholeNumber(said.page_count, 0, MOST_PAGES),
    itemCount: wholeNumber(said.item_count, 0),
    itemsPerPage: wholeNumber(said.items_per_page, 1),
  };
}

/** A number, or one that was sent as text. */
function wholeNumber(value: unknown, least: number, most = MOST): number | undefined {
  const number = typeof value === 'string' && /^\d{1,10}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) && number >= least && number <= most
    ? number
    : undefined;
}

const atLeast = (value: number | undefined, least: number): number | undefined =>
  value === undefined || value < least ? undefined : value;
const lowerThan = (value: number | undefined, bound: number): number | undefined =>
  value === undefined || value >= bound ? undefined : value;

function believable(itemCount: number | undefined, rows: number, pageCount: number | undefined): number | undefined {
  if (itemCount === undefined || itemCount < rows) return undefined;
  return pageCount !== undefined && pageCount > 1 && itemCount <= rows ? undefined : itemCount;
}
