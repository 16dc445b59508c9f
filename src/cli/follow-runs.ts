// Shows the progress of runs until all have ended, and says how.
import { setTimeout as sleep } from 'node:timers/promises';
import type { AccountParts, App } from '../app.js';
import type { Config } from '../config.js';
import { readRunLosses } from '../db/losses.js';
import { type Proved, readProofs } from '../db/proofs.js';
import { etaMs, progressOf } from '../db/run-progress.js';
import { type RunStatus, readBudgetStatus, readRunStatus } from '../db/status.js';
import { describe, isServiceAway } from '../errors.js';
import { isLarge, lossesInWords } from '../sync/runs/run-losses.js';
import { inWords } from '../words.js';
import { inLines, tableOf } from './format.js';
import { type Io, note, print } from './io.js';
import { openProgress, type Snapshot } from './progress.js';
import { claimOf, differencesOf, provedInWords } from './proved-words.js';

export interface Followed {
  readonly account: AccountParts;
  readonly runId: number;
}

const LOOK_EVERY_MS = 200;

/** Works the runs in this process, shows how far they are, and reports. @returns the exit code of the contract */
export async function workAndReport(
  io: Io,
  app: App,
  config: Config,
  followed: readonly Followed[],
  startedAt: number,
): Promise<number> {
  const runs = await workThrough(io, app, config, followed);
  if (runs === undefined) {
    note(io, '\nInterrupted. What was read is kept; the same command goes on from there.');
    return 130;
  }
  const elapsedMs = performance.now() - startedAt;
  const proofs = await Promise.all(followed.map(({ account }) => readProofs(app.store.db, account.account.label)));
  const code = reportRuns(io, followed, runs, { elapsedMs, proofs });
  await noteLosses(io, app, runs);
  return code;
}

/** What a few records have lost. Where it were more, the run is incomplete and its reason says so. */
async function noteLosses(io: Io, { store }: App, runs: readonly RunStatus[]): Promise<void> {
  for (const { run } of runs) {
    const slight = (await readRunLosses(store.db, run)).filter((loss) => !isLarge(loss));
    for (const sentence of lossesInWords(slight)) note(io, `Run ${run}: ${sentence}. More: hive.schema_drift`);
  }
}

/** Works the runs in this process and shows how far they are. @returns undefined when it was interrupted */
export async function workThrough(
  io: Io,
  app: App,
  config: Config,
  followed: readonly Followed[],
): Promise<RunStatus[] | undefined> {
  const workers = followed.map(({ account }) => account.work());
  let runs: RunStatus[];
  try {
    runs = await followRuns(io, app, config, followed);
  } finally {
    await Promise.all(workers.map((worker) => worker.close()));
  }
  if (io.signal.aborted && runs.some(({ state }) => state === 'running')) {
    return undefined;
  }
  return runs;
}

/** @returns the runs as they ended; they are still running when `io.signal` fired */
export async function followRuns(
  io: Io,
  app: App,
  config: Config,
  followed: readonly Followed[],
): Promise<RunStatus[]> {
  const progress = openProgress(io.stderr, { accounts: followed.length });
  const startedAt = performance.now();
  /** Of each run: requests that were done when it was first looked at, and last, and since when. */
  const marks = new Map<number, { first: number; last: number; at: number }>();
  let runs: RunStatus[] = [];
  let isAway = false;
  try {
    for (;;) {
      const snapshots: Snapshot[] = [];
      try {
        for (const { account, runId } of followed) {
          const [run] = await readRunStatus(app.store.db, { runIds: [runId] });
          if (run === undefined) throw new Error(`run ${runId} is gone from the ledger`);
          const budget = await readBudgetStatus(app.store.db, account.account.label, config.rate);
          const now = performance.now();
          const done = progressOf(run).pagesDone + run.lookups.done;
          const seen = marks.get(runId) ?? { first: done, last: done, at: now };
          marks.set(runId, done === seen.last ? seen : { ...seen, last: done, at: now });
          const pace = { done: done - seen.first, ms: now - startedAt };
          snapshots.push({
            account: account.account.label,
            run,
            budget,
            etaMs: etaMs(run, budget, config.rate.windowMs, pace),
            quietMs: done === seen.last ? now - seen.at : 0,
          });
        }
        runs = snapshots.map(({ run }) => run);
        if (isAway) progress.say('PostgreSQL answers again, going on.');
        isAway = false;
        progress.show(snapshots);
      } catch (error) {
        // The workers wait for the database to return, and so do we.
        if (!isServiceAway(error)) throw error;
        if (!isAway) progress.say(`PostgreSQL does not answer (${describe(error)}), waiting for it …`);
        isAway = true;
      }
      if (io.signal.aborted || (runs.length > 0 && runs.every(({ state }) => state !== 'running'))) return runs;
      await sleep(LOOK_EVERY_MS, undefined, { signal: io.signal }).catch(() => {});
    }
  } finally {
    progress.close();
  }
}

/** The closing table and sentences. @returns the exit code of the contract */
export function reportRuns(
  io: Io,
  followed: readonly Followed[],
  runs: readonly RunStatus[],
  { elapsedMs, proofs }: { readonly elapsedMs: number; readonly proofs: readonly ReadonlyMap<string, Proved>[] },
): number {
  let code = 0;
  for (const [i, run] of runs.entries()) {
    const names = [...new Set(run.windows.map(({ collection }) => collection))];
    const proved = proofs[i] ?? new Map<string, Proved>();
    const label = followed.length > 1 ? `Account ${followed[i]?.account.account.label}: ` : '';
    if (run.state === 'failed') {
      note(io, `${label}${run.reason ?? 'the run failed'}`);
      code = 1;
      continue;
    }
    print(
      io,
      tableOf(
        ['collection', 'state', 'pages', 'records', 'new', 'changed', 'same', 'letters'],
        run.windows.map((window) => [
          window.collection,
          window.state,
          window.pagesDone,
          window.records,
          window.inserted,
          window.updated,
          window.unchanged,
          window.deadLetters,
        ]),
      ),
    );
    if (run.state === 'complete') {
      const what = claimOf(run.mode, names, proved);
      const took = `It took ${inWords(elapsedMs)}.`;
      print(io, `\n${inLines(`${label}Run ${run.run} (${run.mode}) is complete: ${what}. ${took}`)}`);
    } else if (run.state === 'incomplete') {
      print(io, `\n${label}Run ${run.run} ended incomplete: ${run.reason}.`);
      print(io, inLines(`What is proved: ${provedInWords(names, proved)}.`));
      if (run.lookups.failed > 0 || run.windows.some(({ deadLetters }) => deadLetters > 0)) {
        print(io, `See what failed and why: ${io.calledAs} dead-letters list`);
      }
      if (code === 0) code = 3;
    }
    for (const difference of differencesOf(names, proved)) print(io, inLines(difference));
  }
  return code;
}
