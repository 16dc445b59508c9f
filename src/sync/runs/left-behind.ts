// Whether anybody stands behind a run that is under way.
import type { Executor } from '../../db/database.js';
import { type Run, readClock } from '../../db/ledger.js';
import type { SyncContext } from '../context.js';
import { failRun } from './finish-run.js';

/** Workers report every few seconds: after this silence a run is left behind even if the server still sees a claim. */
const LEFT_BEHIND_MS = 20_000;

const isSilent = async (db: Executor, run: Run): Promise<boolean> =>
  run.heartbeat_at.getTime() < (await readClock(db)).getTime() - LEFT_BEHIND_MS;

/** Then this process stands behind it from now on. */
export async function isLeftBehind(db: Executor, { claims }: Pick<SyncContext, 'claims'>, run: Run): Promise<boolean> {
  return (await claims.claim(run.id)) || (await isSilent(db, run));
}

/** Collections of a run that this release does not know. */
export const unknownIn = ({ collections }: Pick<SyncContext, 'collections'>, run: Run): readonly string[] =>
  run.collections.filter((name) => !collections.some((one) => one.name === name));

/**
 * A run that a newer release has begun and nobody stands behind any more: nothing here could ever end it, and it would
 * keep others of its mode from starting. While somebody stands behind it, or did a moment ago, it is left alone.
 */
export async function setAside(context: SyncContext, run: Run): Promise<void> {
  if (!(await isSilent(context.db, run)) || !(await context.claims.claim(run.id))) return;
  const names = unknownIn(context, run).join(', ');
  await failRun(
    context,
    run.id,
    `This release does not know what a newer one has begun to read (${names}), and nobody stands behind that run any more. Start it again with the newer release, or a new one with this release.`,
  );
}
