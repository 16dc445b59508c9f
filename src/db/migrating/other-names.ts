// Is there an installation under other names than the configured ones? Names are chosen before the first migration; with
// others set later, or left out by one of two processes, a second installation would be made by accident. So what is
// there is recognised by what it holds, read from the catalogs, for which nobody needs a right.
import { sql } from 'drizzle-orm';
import { UsageError } from '../../errors.js';
import { SETTING_OF, schemas, written } from '../../schema-names.js';
import type { Executor } from '../database.js';

interface Installed extends Record<string, unknown> {
  readonly sync: string;
  /** null = made by a release whose tables had no triggers yet. */
  readonly hive: string | null;
}

/** Tables of the first release that no other product has together. */
const SIGNATURE = ['installation', 'migrations', 'runs', 'windows', 'pages', 'dead_letters'];

const readInstalled = (db: Executor): Promise<Installed[]> =>
  db.execute<Installed>(sql`
    select s.nspname::text as sync, (
      -- Changes of the records' tables are noted by functions beside the ledger.
      select min(h.nspname)::text from pg_proc p join pg_trigger t on t.tgfoid = p.oid
      join pg_class c on c.oid = t.tgrelid join pg_namespace h on h.oid = c.relnamespace
      where p.pronamespace = s.oid and p.proname = 'touch_orders') as hive
    from (select relnamespace as oid from pg_class where relname in ${SIGNATURE} and relkind in ('r', 'p')
      group by 1 having count(*) = ${SIGNATURE.length}) found
    join pg_namespace s on s.oid = found.oid
    order by 1`);

/**
 * @param isSecond somebody wants another installation beside what is there
 * @throws UsageError with one sentence that says which setting to use
 */
export async function checkNames(db: Executor, isSecond = false): Promise<void> {
  const installed = await readInstalled(db);
  const own = installed.find(({ sync }) => sync === schemas.sync);
  if (own !== undefined) {
    if (own.hive === null || own.hive === schemas.hive) return;
    throw new UsageError(
      `The installation in schema ${written(own.sync)} has its tables in schema ${written(own.hive)}, and HIVE_SCHEMA says ${written(schemas.hive)}. Names are chosen before the first migration: set ${settings({ hive: own.hive })}.`,
    );
  }
  const sameTables = installed.find(({ hive }) => hive === schemas.hive);
  if (sameTables !== undefined) {
    throw new UsageError(
      `Schema ${written(schemas.hive)} holds the tables of the installation in schema ${written(sameTables.sync)}, and SYNC_SCHEMA says ${written(schemas.sync)}. Names are chosen before the first migration: set ${settings(sameTables)}.`,
    );
  }
  if (installed.length === 0 || isSecond) return;
  const choices = installed.map(({ sync, hive }) => settings(hive === null ? { sync } : { hive, sync }));
  throw new UsageError(
    `This database holds hive-sync under other names than the configured ${written(schemas.hive)} and ${written(schemas.sync)}. To use what is there, set ${choices.join(', or ')}. For another installation beside it, run: hive-sync migrate --second-installation`,
  );
}

/** As it is written into .env, where quotation marks keep what is between them. */
const settings = (names: { readonly hive?: string | null; readonly sync?: string }): string =>
  (['hive', 'sync'] as const)
    .flatMap((role) => {
      const name = names[role];
      return name === undefined || name === null
        ? []
        : [`${SETTING_OF[role]}=${/^[\w-]+$/.test(name) ? name : `'${name}'`}`];
    })
    .join(' and ');
