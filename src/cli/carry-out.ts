// Carries out what a command wants read. What another process reads already is followed and not read twice; what that
// leaves over is read when it has ended.
import type { AccountParts } from '../account.js';
import type { App } from '../app.js';
import type { Config } from '../config.js';
import { isEverCertified } from '../db/head-marks.js';
import { readClock } from '../db/ledger.js';
import { readRunLosses } from '../db/losses.js';
import { readProofs } from '../db/proofs.js';
import type { RunStatus } from '../db/run-status.js';
import { RunGoingError } from '../errors.js';
import { tableName } from '../schema-names.js';
import type { Collection } from '../sync/collection.js';
import { findGoing, type Joined, type JoinedRuns, joinOrStart } from '../sync/runs/join-or-start.js';
import { isLarge, lossesInWords } from '../sync/runs/run-losses.js';
import type { RunOptions } from '../sync/runs/start-run.js';
import { inAge } from '../words.js';
import { type Followed, reportRuns, sayInterrupted, workThrough } from './follow-runs.js';
import { type Io, note } from './io.js';

export interface Wish {
  readonly account: AccountParts;
  readonly collections: readonly Collection[];
  readonly options: RunOptions;
}

/** A run that was left behind and began longer ago does not show what has come since. */
const OLD_MS = 5 * 60_000;

/**
 * @param startedAt of the command, as performance.now() tells it
 * @throws RunGoingError when one of them is being read and `follow` is false; then nothing was started
 * @returns the exit code of the contract
 */
export async function carryOut(
  io: Io,
  app: App,
  config: Config,
  wishes: readonly Wish[],
  { follow, startedAt }: { readonly follow: boolean; readonly startedAt: number },
): Promise<number> {
  if (!follow) await refuseGoing(wishes);
  let code = 0;
  let legStartedAt = startedAt;
  let due = wishes;
  /** An incremental run after an old one: when all else has ended. */
  let since: Wish[] = [];
  while (due.length > 0) {
    const followed: Followed[] = [];
    const left: Wish[] = [];
    const old: Wish[] = [];
    for (const wish of due) {
      const found = await joinOrStart(wish.account.context, wish.collections, wish.options, { follow });
      say(io, found);
      followed.push(...found.joined.map((one) => followedOf(wish, one)));
      if (found.rest.length > 0) left.push({ ...wish, collections: found.rest });
      old.push(...(await oldOnes(wish, found)));
    }
    const runs = await workThrough(io, app, config, followed);
    if (runs === undefined) {
      await sayInterrupted(io, followed);
      return 130;
    }
    const elapsedMs = performance.now() - legStartedAt;
    const proofs = await Promise.all(followed.map(({ account }) => readProofs(app.store.db, account.account.label)));
    code = worse(code, reportRuns(io, followed, runs, { elapsedMs, proofs }));
    await noteLosses(io, app, runs);
    legStartedAt = performance.now();
    const hasFailed = (wish: Wish) => followed.some((one, i) => one.account === wish.account && isFailed(runs[i]));
    since = [...since, ...old].filter((wish) => !hasFailed(wish));
    due = left.filter((wish) => !hasFailed(wish));
    if (due.length > 0 || since.length === 0) continue;
    due = await provable(since);
    since = [];
    for (const { collections } of due) {
      note(io, `What is new since then follows, in an incremental run: ${namesOf(collections)}.`);
    }
  }
  return code;
}

/** What a few records have lost. Where it were more, the run is incomplete and its reason says so. */
async function noteLosses(io: Io, { store }: App, runs: readonly RunStatus[]): Promise<void> {
  for (const { run } of runs) {
    const slight = (await readRunLosses(store.db, run)).filter((loss) => !isLarge(loss));
    for (const sentence of lossesInWords(slight))
      note(io, `Run ${run}: ${sentence}. More: ${tableName('schema_drift')}`);
  }
}

const followedOf = ({ account }: Wish, { run, was }: Joined): Followed => ({
  account,
  runId: run.id,
  elsewhere: was === 'going',
});

const isFailed = (run: RunStatus | undefined): boolean => run?.state === 'failed';

/** 1 says more than 3, and 3 more than 0. */
const worse = (a: number, b: number): number => (a === 1 || b === 1 ? 1 : Math.max(a, b));

/** For all accounts, before anything of any of them is started. @throws RunGoingError */
async function refuseGoing(wishes: readonly Wish[]): Promise<void> {
  for (const { account, collections, options } of wishes) {
    const going = await findGoing(account.context, collections, options);
    if (going !== undefined) throw new RunGoingError(account.account.label, going.mode, going.id);
  }
}

/** What is asked for again, incrementally, because the run that was gone on with began long ago. */
async function oldOnes(wish: Wish, { joined }: JoinedRuns): Promise<Wish[]> {
  if (wish.options.mode === 'backfill') return [];
  const before = (await readClock(wish.account.context.db)).getTime() - OLD_MS;
  const old = joined.filter(({ run, was }) => was === 'left behind' && run.started_at.getTime() < before);
  const collections = wish.collections.filter(({ name }) => old.some(({ run }) => run.collections.includes(name)));
  return collections.length === 0 ? [] : [{ ...wish, collections, options: { mode: 'incremental', trigger: 'cli' } }];
}

/** Without what has no certificate to be incremental to: that was just read, and the exit code says that it is not. */
async function provable(wishes: readonly Wish[]): Promise<Wish[]> {
  const all: Wish[] = [];
  for (const wish of wishes) {
    const { db, account } = wish.account.context;
    const collections: Collection[] = [];
    for (const one of wish.collections) {
      if (await isEverCertified(db, account, one.name)) collections.push(one);
    }
    if (collections.length > 0) all.push({ ...wish, collections });
  }
  return all;
}

function say(io: Io, { joined, rest }: JoinedRuns): void {
  for (const { run, was } of joined) {
    if (was === 'left behind') {
      const agoMs = Date.now() - run.started_at.getTime();
      const began = agoMs > OLD_MS ? ` It began ${inAge(agoMs)} ago.` : '';
      note(io, `Going on with run ${run.id}, which was interrupted: what it has read is kept.${began}`);
    }
    if (was === 'going') note(io, `Run ${run.id} (${run.mode}) is going in another process already: following it.`);
  }
  if (rest.length > 0) note(io, `It does not read ${namesOf(rest)}: that follows when it has ended.`);
}

const namesOf = (collections: readonly Collection[]): string => collections.map(({ name }) => name).join(', ');
