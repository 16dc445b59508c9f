// Plays a script against the product in this process, and asks the oracle after every act.
import { createHash } from 'node:crypto';
import { collections } from '../../../src/collections/index.js';
import { listDeadLetters } from '../../../src/db/dead-letters.js';
import { type Run, readRun, runningRuns } from '../../../src/db/ledger.js';
import { storeDelivery } from '../../../src/db/webhook-deliveries.js';
import { isServiceAway } from '../../../src/service-trouble.js';
import type { RequestFacts } from '../../../src/simulator/index.js';
import { planLetters } from '../../../src/sync/letters/retry-letters.js';
import { retryStored, startRetry } from '../../../src/sync/letters/start-retry.js';
import { rederive } from '../../../src/sync/records/rederive.js';
import { type JoinedRuns, joinOrStart } from '../../../src/sync/runs/join-or-start.js';
import { PRIORITY } from '../../../src/sync/runs/plan.js';
import { nextMode } from '../../../src/sync/runs/start-run.js';
import { takeInWebhooks } from '../../../src/sync/webhooks/take-in-webhook.js';
import { recognise } from '../../../src/sync/webhooks/webhook-shape.js';
import { openTestApp, type TestApp } from '../app.js';
import { startCli } from '../cli.js';
import type { MovableClock } from '../movable-clock.js';
import { until } from '../until.js';
import { Oracle, type Violation } from './oracle.js';
import type { During, Phase, RunAct, Script, Trouble, Wrong } from './script.js';
import { openWorld, type World } from './world.js';

export interface Ground {
  readonly databaseUrl: string;
  readonly clock: MovableClock;
  /** Configuration of the product: which queue. */
  readonly env: Readonly<Record<string, string>>;
  /** Where a script says Ctrl-C, a process of the built program is killed instead. */
  readonly kills?: boolean;
  /** Takes servers away and brings them back, told of each request of a run; `untilBack` waits for the last. */
  readonly servers?: { onRequest(nth: number): void; untilBack(): Promise<void> };
}

export interface Played {
  /** Those of the act after which the first was seen; empty = all is well. */
  readonly violations: readonly Violation[];
  readonly excused: Readonly<Record<string, number>>;
  /** How each run ended; `left` = it was interrupted. */
  readonly ends: readonly string[];
  readonly requests: number;
  /** How many arrived. */
  readonly webhooks: number;
}

/** A run that has not ended by then never will: it takes a second or two, and much longer on a machine that is busy. */
const DEADLINE_MS = 240_000;

/** @param account a label that no other script has */
export async function play(ground: Ground, script: Script, account: string): Promise<Played> {
  const world = await openWorld(script, ground.clock);
  const env = { HIVE_ACCOUNT: account, SYNC_CONCURRENCY: String(script.concurrency), ...ground.env };
  const open = () => openTestApp(world.simulator, ground.databaseUrl, env);
  const stage: Stage = { ground, script, world, env, account, webhooks: 0, app: await open(), open };
  const oracle = new Oracle(() => stage.app.app.store.db, world, account, script.collections);
  const ends: string[] = [];
  try {
    for (const phase of script.phases) {
      const violations = await playPhase(stage, phase, oracle, ends);
      if (violations.length > 0) return playedOf(violations);
    }
    return playedOf([]);
  } finally {
    await stage.app.close();
    await world.close();
  }

  function playedOf(violations: readonly Violation[]): Played {
    return {
      violations,
      excused: oracle.excused,
      ends,
      requests: world.simulator.stats().requests,
      webhooks: stage.webhooks,
    };
  }
}

interface Stage {
  readonly ground: Ground;
  readonly env: Readonly<Record<string, string>>;
  readonly script: Script;
  readonly world: World;
  readonly account: string;
  webhooks: number;
  app: TestApp;
  /** Another app on the same account, with connections of its own. */
  open(): Promise<TestApp>;
}

async function playPhase(stage: Stage, phase: Phase, oracle: Oracle, ends: string[]): Promise<readonly Violation[]> {
  const { world, app } = stage;
  const { context } = app.account;
  if (phase.pauseMinutes > 0) await world.clock.advance(phase.pauseMinutes * 60_000);
  world.watch({
    onRequest: () => {},
    onAnswer: () => {},
    async deliver(body) {
      await receive(stage, body);
      await takeInWebhooks(context);
    },
  });
  for (const act of phase.acts) await world.carryOut(act);
  const before = await oracle.look();
  if (before.length > 0) return before;
  if (phase.run.how === 'rederive') {
    for (const collection of collections) for await (const _ of rederive(app.app.store.db, collection));
    ends.push('rederived');
    return oracle.look();
  }
  const end = await playRun(stage, phase.run);
  ends.push(`${end.run?.mode ?? 'no run'} ${end.how}`);
  return end.how === 'ended' || end.how === 'left' || end.how === 'nothing to do'
    ? oracle.look(end.run)
    : [{ what: end.how, detail: `${end.run?.mode}, ${end.requests} requests` }];
}

interface RunEnd {
  readonly run: Run | undefined;
  readonly how: 'ended' | 'left' | 'nothing to do' | 'a run asks without end' | 'a run never ends';
  readonly requests: number;
}

async function playRun(stage: Stage, act: RunAct): Promise<RunEnd> {
  const { world, app } = stage;
  const { simulator } = world;
  const base = simulator.stats().requests;
  const most = mostRequests(stage);
  const asked = () => simulator.stats().requests - base;
  for (const wrong of act.wrong) simulator.addFault(faultOf(wrong, base));
  let isStopped = false;
  let stop = () => {};
  const around = async (when: 'before' | 'after', { n }: RequestFacts) => {
    for (const one of act.during.map((planned) => inTime(planned, stage, act))) {
      if (one.request === n - base && one.when === when) await world.carryOut(one.act);
    }
  };
  world.watch({
    async onRequest(request) {
      if (request.n - base === act.stopAt || request.n - base > most) {
        isStopped = true;
        stop();
      }
      stage.ground.servers?.onRequest(request.n - base);
      await around('before', request);
    },
    onAnswer: (request) => around('after', request),
    async deliver(body) {
      await app.account.context.enqueue([await receive(stage, body)]);
    },
  });
  if (stage.ground.kills === true && act.stopAt !== null)
    return playKilled(stage, act, (kill) => {
      stop = kill;
    });
  const other = act.workers === 2 ? await stage.open() : undefined;
  try {
    const started = await start(stage, act);
    if (started === undefined) return { run: undefined, how: 'nothing to do', requests: 0 };
    const backfill = act.beside ? await start(stage, { ...act, how: 'backfill' }) : undefined;
    const workers = [app.account.work(), ...(other === undefined ? [] : [other.account.work()])];
    const closed: Promise<unknown>[] = [];
    stop = () => closed.push(...workers.map((worker) => worker.close()));
    if (isStopped) stop();
    const { db } = app.app.store;
    const run = await until(
      'the run ends',
      async () => {
        const now = await readRun(db, started.id).catch(whileAway);
        const beside = backfill === undefined ? now : await readRun(db, backfill.id).catch(whileAway);
        const haveEnded = [now, beside].every((one) => one !== undefined && one.state !== 'running');
        return isStopped || haveEnded ? now : undefined;
      },
      DEADLINE_MS,
    ).catch(() => undefined);
    if (closed.length === 0) stop();
    await Promise.all(closed);
    await stage.ground.servers?.untilBack();
    if (stage.ground.servers !== undefined) await openAgain(stage);
    const last = (await readRun(stage.app.app.store.db, started.id)) ?? run;
    if (asked() > most) return { run: last, how: 'a run asks without end', requests: asked() };
    if (run === undefined) return { run: last, how: 'a run never ends', requests: asked() };
    return { run: last, how: last?.state === 'running' ? 'left' : 'ended', requests: asked() };
  } finally {
    await other?.close();
    simulator.clearFaults();
  }
}

async function start({ app, world, script }: Stage, { how }: RunAct): Promise<Run | undefined> {
  const { context } = app.account;
  const { db } = app.app.store;
  const chosen = collections.filter(({ name }) => (script.collections as readonly string[]).includes(name));
  if (how === 'retry') {
    const letters = await listDeadLetters(db, { account: context.account, limit: null });
    const planned = await planLetters(db, collections, [context.account], letters);
    await retryStored(db, collections, planned);
    return startRetry(context, planned, 'cli');
  }
  if (how === 'backfill') {
    const to = new Date(world.clock.now());
    const from = new Date(to.getTime() - 40 * 86_400_000);
    return firstOf(await joinOrStart(context, chosen, { mode: 'backfill', from, to, trigger: 'cli' }));
  }
  const mode = how === 'full' ? how : await nextMode(db, context.account, chosen);
  return firstOf(await joinOrStart(context, chosen, { mode, trigger: 'cli' }));
}

const firstOf = ({ joined }: JoinedRuns): Run | undefined => joined[0]?.run;

/** HIVE_TIMEOUT_MS: no answer takes longer. */
const LONGEST_ANSWER_S = 20;

/**
 * Time that passes while an answer is made is the time that it takes, and a client gives up after a while. More passes
 * only between an answer and what is done with it, and while no other request is under way.
 */
function inTime(one: During, { script }: Stage, { workers, beside }: RunAct): During {
  if (one.act.do !== 'pass time' || one.act.seconds <= LONGEST_ANSWER_S) return one;
  const isAlone = script.concurrency === 1 && workers === 1 && !beside;
  return isAlone ? { ...one, when: 'after' } : { ...one, act: { ...one.act, seconds: LONGEST_ANSWER_S } };
}

/** A worker that has been closed waits for no server any more, and neither does anything beside it: each command is a process. */
async function openAgain(stage: Stage): Promise<void> {
  await stage.app.close();
  stage.app = await stage.open();
}

/** A process of its own does the run and is killed in the middle of a request; nobody closes anything. */
async function playKilled(
  { env, world, ground, app, script }: Stage,
  act: RunAct,
  atStop: (kill: () => void) => void,
): Promise<RunEnd> {
  const { simulator } = world;
  const base = simulator.stats().requests;
  const command = act.how === 'full' ? ['sync', '--full', ...script.collections] : ['sync', ...script.collections];
  const process = startCli(command, {
    ...env,
    HIVE_API_KEY: simulator.apiKey,
    HIVE_API_URL: simulator.url,
    DATABASE_URL: ground.databaseUrl,
    SYNC_RETRY_BASE_MS: '10',
  });
  atStop(() => process.kill('SIGKILL'));
  try {
    const { code, stderr } = await process.ended;
    if (code !== null && code !== 0 && code !== 3) throw new Error(`sync ended with ${code}: ${stderr}`);
    const { db } = app.app.store;
    const run = (await runningRuns(db, app.account.context.account)).at(-1);
    return { run, how: run === undefined ? 'ended' : 'left', requests: simulator.stats().requests - base };
  } finally {
    simulator.clearFaults();
  }
}

function whileAway(error: unknown): undefined {
  if (!isServiceAway(error)) throw error;
}

/** As the server does when a webhook with a good signature has come. */
async function receive(stage: Stage, body: string) {
  const { app, account } = stage;
  stage.webhooks += 1;
  const payload: unknown = JSON.parse(body);
  const about = recognise(collections, payload);
  const stored = await storeDelivery(app.app.store.db, {
    account,
    bodyHash: createHash('sha256').update(body).digest('hex'),
    event: undefined,
    collection: about.collection?.name,
    recordId: about.recordId,
    payload,
  });
  return { deliveryId: stored.id, priority: PRIORITY.urgent };
}

/** Eight passes over everything, each record by itself twice, every page tried eight times: more is without end. */
function mostRequests({ world, script }: Stage): number {
  const { simulator } = world;
  const counts = script.collections.map((name) => simulator.count(name));
  const pages = counts.reduce((sum, count) => sum + Math.ceil(count / 3) + 1, 0);
  return 200 + 16 * pages + 2 * counts.reduce((sum, count) => sum + count, 0);
}

function faultOf({ at, times, trouble }: Wrong, base: number) {
  const match = 'request' in at ? { requestNumber: base + at.request } : { path: `/${at.in}`, page: at.page };
  return { match, times, respond: respondTo(trouble) };
}

function respondTo(trouble: Trouble) {
  if ('wait' in trouble) return { status: 429, headers: { 'retry-after': '0.25' } };
  if (!('pagination' in trouble)) return trouble;
  const { pagination: name, is } = trouble;
  return is === undefined ? { patchPagination: {}, without: [name] } : { patchPagination: { [name]: is } };
}
