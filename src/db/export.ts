// A table or view of schema hive as a stream of text, in constant memory: PostgreSQL's own COPY.
import type { Readable } from 'node:stream';
import { sql } from 'drizzle-orm';
import postgres from 'postgres';
import type { PostgresAddress } from '../addresses/postgres.js';
import { literal, quoted, schemas } from '../schema-names.js';
import type { DialledSocket } from './connection/dialled-socket.js';
import { postgresJsOptions } from './connection/driver-options.js';
import { inItsTransaction, settledEachTime } from './connection/each-transaction.js';
import type { Executor } from './database.js';

export type ExportFormat = 'csv' | 'jsonl';

/** Tables and views of schema hive, each with the columns that it has. */
export async function listRelations(db: Executor): Promise<ReadonlyMap<string, readonly string[]>> {
  const rows = await db.execute<{ name: string; columns: string[] }>(sql`
    select c.relname::text as name, array_agg(a.attname::text order by a.attnum) as columns
    from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where c.relnamespace = to_regnamespace(${quoted(schemas.hive)}) and c.relkind in ('r', 'p', 'v', 'm') group by 1 order by 1`);
  return new Map(rows.map(({ name, columns }) => [name, columns]));
}

/** Accounts that have ever synced. */
export async function listAccounts(db: Executor): Promise<string[]> {
  const rows = await db.execute<{ account: string }>(sql`select distinct account from sync.runs order by 1`);
  return rows.map(({ account }) => account);
}

/** Intervals as everybody reads them. */
const SETTINGS = { IntervalStyle: 'iso_8601' };

export interface RelationExport {
  /** One row per line; in CSV a text may hold line breaks of its own, within quotes. */
  readonly text: Readable;
  /** How many rows there are, about: others may be writing meanwhile. */
  readonly rows: Promise<number>;
  /** Ends it, also before its end. */
  close(): Promise<void>;
}

export interface ExportOptions {
  readonly name: string;
  readonly format: ExportFormat;
  readonly account?: string | undefined;
  /** Texts of CSV as they are: a spreadsheet may take some for formulas. */
  readonly isRaw?: boolean;
}

/** @param name is one of listRelations() */
export async function openExport(
  address: PostgresAddress,
  { name, format, account, isRaw }: ExportOptions,
): Promise<RelationExport> {
  // Connections of its own, which can be cut in the middle of an answer: the driver only asks the server to end it, and
  // reads no more, so it would wait for ever. Instants as everybody reads them.
  const sockets: DialledSocket[] = [];
  const client = postgres({
    ...postgresJsOptions(address, 'export', { settings: SETTINGS, made: (socket) => sockets.push(socket) }),
    max: 2,
    fetch_types: false, // array-types.ts says why
    onnotice: () => {},
  });
  // COPY takes no parameters.
  const where = account === undefined ? '' : ` where account = ${literal(account)}`;
  const from = `from ${quoted(schemas.hive)}.${quoted(name)} as t${where}`;
  const settled = settledEachTime(client, address);
  const close = async () => {
    await client.end({ timeout: 0 });
    for (const socket of sockets) socket.destroy();
  };
  try {
    // JSON has no control characters in it, so with these for quote and delimiter every line is the JSON as it is.
    const copy =
      format === 'csv'
        ? `copy (select ${isRaw === true ? '*' : await harmless(settled, name)} ${from}) to stdout with (format csv, header)`
        : `copy (select row_to_json(t) ${from}) to stdout with (format csv, quote e'\\x01', delimiter e'\\x02')`;
    const rows = settled.unsafe(`select count(*)::float8 as n ${from}`).then(([row]) => Number(row?.n ?? 0));
    // It is only for progress: when the export ends first, nobody waits for it.
    rows.catch(() => {});
    return { text: await client.unsafe(`${inItsTransaction(address, SETTINGS)}${copy}`).readable(), rows, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * A spreadsheet takes a text that begins with one of these for a formula, after space too (OWASP, "CSV Injection"); the
 * last four are their full-width forms.
 */
const FORMULA = String.raw`'^(?:[\t\r\n]|\s*[-=+@\uff1d\uff0b\uff0d\uff20])'`;

/** The columns, with an apostrophe before each text that a spreadsheet would run; numbers, instants and JSON are none. */
async function harmless(client: postgres.Sql, name: string): Promise<string> {
  const columns = await client.unsafe<{ column: string; isText: boolean }[]>(`
    select a.attname as column, t.typcategory = 'S' as "isText"
    from pg_attribute a join pg_type t on t.oid = a.atttypid
    where a.attrelid = to_regclass(${literal(`${quoted(schemas.hive)}.${quoted(name)}`)})
      and a.attnum > 0 and not a.attisdropped
    order by a.attnum`);
  return columns
    .map(({ column, isText }) => {
      const value = `t.${quoted(column)}`;
      return isText
        ? `case when ${value} ~ ${FORMULA} then '''' || ${value} else ${value} end as ${quoted(column)}`
        : value;
    })
    .join(', ');
}
