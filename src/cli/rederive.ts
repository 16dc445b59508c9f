// hive-sync rederive: typed columns and child rows again, from the stored payloads. Asks the API for nothing.
import { sql } from 'drizzle-orm';
import { readConfig } from '../config.js';
import { sumUp } from '../db/rollups/sum-up.js';
import { openLog } from '../log.js';
import { openStore } from '../store.js';
import { type Rederived, rederive } from '../sync/records/rederive.js';
import { chooseCollections } from './choose-collections.js';
import { tableOf } from './format.js';
import { foregroundLevel, type Io, note, print } from './io.js';
import { openRowProgress } from './row-progress.js';
import { requireSchema } from './with-store.js';

/** @returns 3 when a payload could not be read */
export async function rederiveCommand(io: Io, names: readonly string[]): Promise<number> {
  const collections = chooseCollections(names);
  const config = readConfig(io.env, { needsKey: false });
  const store = await openStore(config, { log: openLog(foregroundLevel(io.env), io.stderr) });
  const rows: [string, number, number][] = [];
  let refused = 0;
  const progress = openRowProgress(io.stderr);
  try {
    await requireSchema(store);
    for (const collection of collections) {
      const [total] = await store.db.execute<{ n: number }>(sql`select count(*) as n from ${collection.pgTable}`);
      let sums: Rederived = { read: 0, changed: 0, refused: 0 };
      for await (sums of rederive(store.db, collection)) {
        progress.show(collection.name, sums.read, total?.n ?? sums.read);
        if (io.signal.aborted) break;
      }
      rows.push([collection.name, sums.read, sums.changed]);
      refused += sums.refused;
      if (io.signal.aborted) break;
    }
    if (!io.signal.aborted) await sumUp(store.db);
  } finally {
    progress.close();
    await store.close();
  }
  print(io, tableOf(['collection', 'rows read', 'changed'], rows));
  if (refused > 0) {
    print(
      io,
      `\n${refused} stored payload${refused === 1 ? '' : 's'} cannot be read by this release; those rows stay.`,
    );
  }
  if (io.signal.aborted) note(io, '\nInterrupted. What was changed is kept; the same command begins again.');
  return io.signal.aborted ? 130 : refused > 0 ? 3 : 0;
}
