// hive-sync db: keeps the embedded PostgreSQL running, for psql and other tools.
import { readConfig } from '../config.js';
import { openEmbeddedPostgres } from '../db/embedded/index.js';
import { UsageError } from '../errors.js';
import { unlessLost } from '../store.js';
import { DEMO_DATABASE } from './demo.js';
import { type Io, note, print } from './io.js';
import { untilAborted } from './until-aborted.js';

export async function dbCommand(io: Io, { demo }: { demo: boolean }): Promise<number> {
  const config = readConfig(io.env, { needsKey: false });
  if (config.database !== undefined && !demo) {
    throw new UsageError('DATABASE_URL is set: that server is yours, connect to it with psql "$DATABASE_URL".');
  }
  const server = await openEmbeddedPostgres({
    home: config.home,
    log: (line) => note(io, line),
    ...(demo ? { database: DEMO_DATABASE } : {}),
  });
  try {
    print(io, server.psql);
    print(io, 'The database runs until you press Ctrl-C here.');
    await unlessLost(server, untilAborted(io.signal));
    return 0;
  } finally {
    await server.close();
  }
}
