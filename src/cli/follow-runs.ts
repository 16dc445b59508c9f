// Shows the progress of runs until all have ended, and says how.
import { setTimeout as sleep } from 'node:timers/promises';
import type { AccountParts } from '../account.js';
import type { App } from '../app.js';
import { inTime } from '../closing.js';
import type { Config } from '../config.js';
import type { Proved } from '../db/proofs.js';
import { etaMs, progressOf } from '../db/run-progress.js';
import { type RunStatus, readRunStatus } from '../db/run-status.js';
import { readBudgetStatus } from '../db/status.js';
import { describe, ServiceUnavailableError } from '../errors.js';
import { isServiceAway } from '../service-trouble.js';
import { onStandstill } from '../standstill.js';
import { unlessLost } from '../store.js';
import { inWords } from '../words.js';
import { inLines, tableOf } from './format.js';
import { type Io, note, print } from './io.js';
import { openPatience } from './patience.js';
import { isFree, openProgress, type Progress, type Snapshot } from './progress.js';
import { claimOf, differencesOf, provedInWords } from './proved-words.js';

export interface Followed {
  readonly account: AccountParts;
  readonly runId: number;
  /** Whether another process stood behind it when it was joined. */
  readonly elsewhere?: boolean;
}

const LOOK_EVERY_MS = 200;
/** How often it is looked whether the process behind a followed run is still there. */
const CLAIM_EVERY_MS = 2_000;
/** How long the last words may take when PostgreSQL does not answer. */
const LAST_LOOK_MS = 1_000;

/** Works the runs in this process and shows how far they are. @returns undefined when it was interrupted */
export async function workThrough(
  io: Io,
  app: App,
  config: Config,
  followed: readonly Followed[],
): Promise<RunStatus[] | undefined> {
  const workers = [...new Set(followed.map(({ account }) => account))].map((account) => account.work());
  let runs: RunStatus[];
  try {
    runs = await unlessLost(app.store, followRuns(io, app, config, followed));
  } finally {
    await Promise.all(workers.map((worker) => worker.close()));
  }
  if (io.signal.aborted && (runs.length === 0 || runs.some(({ state }) => state === 'running'))) return undefined;
  return runs;
}

/** The sentence after Ctrl-C: whether somebody else goes on with a run is asked in this moment. */
export async function sayInterrupted(io: Io, followed: readonly Followed[]): Promise<void> {
  const elsewhere: number[] = [];
  const looking = async () => {
    for (const { account, runId } of followed) {
      if (!(await account.context.claims.claim(runId))) elsewhere.push(runId);
    }
  };
  const isKnown = await inTime(LAST_LOOK_MS, looking()).catch(() => false);
  const [first] = elsewhere;
  if (!isKnown || first === undefined) {
    note(io, '\nInterrupted. What was read is kept; the same command goes on from there.');
  } else if (elsewhere.length === 1) {
    note(io, `\nInterrupted. Run ${first} goes on in another process.`);
  } else {
    note(io, `\nInterrupted. Runs ${elsewhere.join(', ')} go on in another process.`);
  }
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
  const patience = openPatience(config.outagePatienceMs);
  const listened = onStandstill((sentence) => {
    patience.told(sentence);
    progress.say(sentence);
  });
  const outages = followOutages(followed, config.outagePatienceMs, progress);
  const elsewhere = new Set(followed.filter((one) => one.elsewhere === true));
  let claimAt = performance.now() + CLAIM_EVERY_MS;
  const look = async (): Promise<void> => {
    const snapshots: Snapshot[] = [];
    try {
      const taken = performance.now() < claimAt ? [] : await takeOver([...elsewhere]);
      if (performance.now() >= claimAt) claimAt = performance.now() + CLAIM_EVERY_MS;
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
      const isDown = outages();
      // Without requests left, and while the API is down, waiting is right; for the latter another limit holds.
      if (
        isDown ||
        snapshots.some(({ run, quietMs, budget }) => run.state === 'running' && (quietMs === 0 || !isFree(budget)))
      ) {
        patience.came();
      }
      if (isAway) progress.say('PostgreSQL answers again, going on.');
      isAway = false;
      for (const one of taken) {
        elsewhere.delete(one);
        // Else it has just ended, and its process with it.
        const isGoing = runs.some(({ run, state }) => run === one.runId && state === 'running');
        if (isGoing) progress.say(`The process behind run ${one.runId} is gone, going on with it here.`);
      }
      progress.show(snapshots);
    } catch (error) {
      // The workers wait for the database to return, and so do we.
      if (!isServiceAway(error)) throw error;
      if (!isAway) progress.say(`PostgreSQL does not answer (${describe(error)}), waiting for it …`);
      patience.told(`PostgreSQL does not answer (${describe(error)}).`);
      isAway = true;
    }
  };
  const interrupted = new Promise<void>((resolve) => {
    io.signal.addEventListener('abort', () => resolve(), { once: true });
  });
  try {
    for (;;) {
      // A look may have to wait for a lock like everything else.
      await Promise.race([look(), patience.over, interrupted]);
      if (io.signal.aborted || (runs.length > 0 && runs.every(({ state }) => state !== 'running'))) return runs;
      await sleep(LOOK_EVERY_MS, undefined, { signal: io.signal }).catch(() => {});
    }
  } finally {
    listened();
    patience.end();
    progress.close();
  }
}

/**
 * Says when the API of an account is down and when it answers again.
 * @returns to be called now and then; it tells whether one is down. @throws ServiceUnavailableError when it was down for longer than patience lasts
 */
function followOutages(
  followed: readonly Followed[],
  patienceMs: number,
  progress: Pick<Progress, 'say'>,
): () => boolean {
  const accounts = [...new Set(followed.map(({ account }) => account))];
  const down = new Set<AccountParts>();
  return () => {
    for (const account of accounts) {
      const outage = account.outage.mute();
      const of = accounts.length > 1 ? ` (account ${account.account.label})` : '';
      if (outage === undefined) {
        if (down.delete(account)) progress.say(`The API answers again${of}, going on.`);
        continue;
      }
      // While a pause lasts that the API asked for, nobody knows whether it would answer.
      if (outage.latest.getTime() - outage.since.getTime() > patienceMs) {
        throw new ServiceUnavailableError(
          `${outage.message}${of}. Giving up after ${inWords(patienceMs)}: what was read is kept, and the same command, or the worker, goes on from there.`,
        );
      }
      if (down.has(account)) continue;
      down.add(account);
      progress.say(`${outage.message}${of}: it is asked now and then, and no page is given up.`);
    }
    return down.size > 0;
  };
}

/** @returns those that nobody stands behind any more; this process does from now on */
async function takeOver(followed: readonly Followed[]): Promise<Followed[]> {
  const taken: Followed[] = [];
  for (const one of followed) if (await one.account.context.claims.claim(one.runId)) taken.push(one);
  return taken;
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
          window.pagesInAll ?? window.pagesDone,
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
