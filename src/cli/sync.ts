// hive-sync sync: one run in the foreground.
import { readConfig } from '../config.js';
import { inOneSentence } from '../db/installation.js';
import { nextMode } from '../sync/runs/start-run.js';
import { carryOut, type Wish } from './carry-out.js';
import { chooseCollections } from './choose-collections.js';
import { openForegroundApp } from './foreground-app.js';
import { type Io, note } from './io.js';

export interface SyncOptions {
  readonly full: boolean;
  readonly allowDeletes: boolean;
  readonly follow: boolean;
}

export async function syncCommand(io: Io, names: readonly string[], options: SyncOptions): Promise<number> {
  const startedAt = performance.now();
  const collections = chooseCollections(names);
  const config = readConfig(io.env);
  const app = await openForegroundApp(io, config, {
    timezoneChanged: (change) => note(io, inOneSentence(change)),
  });
  try {
    const wishes: Wish[] = [];
    for (const account of app.accounts) {
      const { db, account: label } = account.context;
      const mode = options.full ? 'full' : await nextMode(db, label, collections);
      const { allowDeletes } = options;
      wishes.push({ account, collections, options: { mode, trigger: 'cli', allowDeletes } });
    }
    return await carryOut(io, app, config, wishes, { ...options, startedAt });
  } finally {
    await app.close();
  }
}
