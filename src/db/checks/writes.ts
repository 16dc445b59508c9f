// Can it write? A row in each schema of ours that is rolled back, and the rights on every table.
import { sql } from 'drizzle-orm';
import { describe } from '../../errors.js';
import type { Finding } from '../../finding.js';
import { schemas, written } from '../../schema-names.js';
import { isServiceAway } from '../../service-trouble.js';
import type { Db } from '../database.js';
import { missingRights } from '../missing-rights.js';

const ABOUT = 'writing';

/** A row in each schema of ours that is rolled back. @throws what keeps it from being written */
export async function writeAndUndo(db: Db): Promise<void> {
  const undo = new Error('undo');
  const done = db.transaction(async (tx) => {
    await tx.execute(sql`
      insert into hive.warehouses (account, id, _first_seen_at, _fetched_at, _changed_at, _source, _content_hash, _raw)
      values ('hive-sync check', 0, now(), now(), now(), 'check', '', '{}')`);
    // With a number of its own: a check must not use up the numbers of runs.
    await tx.execute(sql`
      insert into sync.runs (id, account, mode, collections, trigger)
      values (-1, 'hive-sync check', 'full', '{}', 'cli')`);
    throw undo;
  });
  await done.catch((error: unknown) => {
    if (error !== undo) throw error;
  });
}

/** After the migrations. @returns one finding. @throws only when its pool is asked inside a transaction */
export async function checkWrites(db: Db): Promise<Finding> {
  try {
    await writeAndUndo(db);
  } catch (error) {
    return {
      level: 'stop',
      about: ABOUT,
      sentence: `a row cannot be written: ${describe(error)}. Whoever runs hive-sync needs the rights of the owner of schemas ${written(schemas.hive)} and ${written(schemas.sync)}, on a server that can be written to.`,
      mayPass: isServiceAway(error),
    };
  }
  const missing = await missingRights(db);
  return missing === undefined
    ? { level: 'well', about: ABOUT, sentence: `rows in schemas ${written(schemas.hive)} and ${written(schemas.sync)}` }
    : { level: 'stop', about: ABOUT, sentence: missing };
}
