// hive-sync sync: one run in the foreground.
import { openApp } from '../app.js';
import { readConfig } from '../config.js';
import { openLog } from '../log.js';
import { nextMode, resumeOrStart } from '../sync/runs/start-run.js';
import { chooseCollections } from './choose-collections.js';
import { type Followed, workAndReport } from './follow-runs.js';
import { foregroundLevel, type Io, note } from './io.js';

export interface SyncOptions {
  readonly full: boolean;
  readonly allowDeletes: boolean;
}

export async function syncCommand(io: Io, names: readonly string[], options: SyncOptions): Promise<number> {
  const collections = chooseCollections(names);
  const config = readConfig(io.env);
  const log = openLog(foregroundLevel(io.env), io.stderr);
  const startedAt = performance.now();
  const app = await openApp(config, { log, version: io.version });
  try {
    const followed: Followed[] = [];
    for (const account of app.accounts) {
      const mode = options.full ? 'full' : await nextMode(account.context, collections);
      const { run, resumed } = await resumeOrStart(account.context, collections, {
        mode,
        trigger: 'cli',
        allowDeletes: options.allowDeletes,
      });
      if (resumed) note(io, `Going on with run ${run.id}, which was interrupted: what it has read is kept.`);
      followed.push({ account, runId: run.id });
    }
    return await workAndReport(io, app, config, followed, startedAt);
  } finally {
    await app.close();
  }
}
