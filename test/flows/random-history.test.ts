// Promise: whatever happens to an account and to the runs that read it, what is said of the tables is true. One seed
// makes a script of interleaved acts; an oracle that knows the account's full history judges after each of them.
//
// HISTORY_SEED=17 plays one script and makes it smaller when it fails; HISTORY_FROM=1000 begins there;
// HISTORY_WITHOUT=future-date,pause leaves out what is known to fail, so that the rest shows.
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { openDatabase } from '../../src/db/database.js';
import { migrate } from '../../src/db/migrate.js';
import { oneBackend } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import { type Excuse, excuses } from '../support/histories/excuses.js';
import { type Ground, type Played, play } from '../support/histories/play.js';
import { type Phase, type Script, script, without } from '../support/histories/script.js';
import { installMovableClock } from '../support/movable-clock.js';
import fc from '../support/property.js';
import { type OwnServer, openOwnPostgres, openOwnRedis } from '../support/servers.js';

const ONLY = process.env.HISTORY_SEED === undefined ? undefined : Number(process.env.HISTORY_SEED);
const FROM = ONLY ?? Number(process.env.HISTORY_FROM ?? 1);
const RUNS = ONLY === undefined ? Number(process.env.SOAK_RUNS ?? 10) : 1;
/** The tables are emptied now and then, so that the last script costs what the first did. */
const EMPTY_AFTER = 40;

const [queue] = oneBackend();

const WITHOUT = (process.env.HISTORY_WITHOUT ?? '').split(',');
const scripts = script.map((whole) => without(whole, WITHOUT));

/** The script of a seed. */
const scriptOf = (seed: number): Script => fc.sample(scripts, { seed, numRuns: 1 })[0] as Script;

test(
  `${RUNS} histories from seed ${FROM} on: what sync.proofs says is true, no row goes back, and every run ends`,
  async () => {
    const ground = await openGround(await createDatabase());
    const seeds = Array.from({ length: RUNS }, (_, i) => FROM + i);
    try {
      const { failed } = await playAll(ground, seeds);
      if (ONLY !== undefined && failed.length > 0) await makeSmaller(ground, ONLY);
      expect(failed, 'seeds with a violation').toEqual([]);
    } finally {
      await ground.clock.close();
    }
  },
  300_000 + RUNS * 15_000,
);

const GROUPS = Math.ceil(RUNS / 25);

test(
  `so it is for four accounts at once that have the same ids (${GROUPS})`,
  async () => {
    const ground = await openGround(await createDatabase());
    // The clock is one for all: whoever moved it would tear the others' requests apart.
    const lack = ['pause', 'pass-time'];
    const failed: number[] = [];
    try {
      for (let group = 0; group < GROUPS; group++) {
        const seeds = [0, 1, 2, 3].map((i) => FROM + 4 * group + i);
        const played = await Promise.all(
          seeds.map((seed) => play(ground, without(scriptOf(seed), lack), `together-${seed}`)),
        );
        for (const [i, one] of played.entries()) {
          if (one.violations.length === 0) continue;
          const seed = seeds[i] ?? 0;
          report(seed, without(scriptOf(seed), lack), one);
          failed.push(seed);
        }
      }
    } finally {
      await ground.clock.close();
    }
    expect(failed, 'seeds with a violation').toEqual([]);
  },
  120_000 + GROUPS * 60_000,
);

const KILLED = Math.ceil(RUNS / 25);

test(
  `so it is when a process is killed where Ctrl-C was pressed (${KILLED})`,
  async () => {
    const ground = { ...(await openGround(await createDatabase())), kills: true };
    const isLeft = ({ run: { how, stopAt } }: Phase) => stopAt !== null && (how === 'sync' || how === 'full');
    const seeds: number[] = [];
    for (let seed = FROM; seeds.length < KILLED; seed++) if (scriptOf(seed).phases.some(isLeft)) seeds.push(seed);
    try {
      expect((await playAll(ground, seeds)).failed, 'seeds with a violation').toEqual([]);
    } finally {
      await ground.clock.close();
    }
  },
  120_000 + KILLED * 120_000,
);

const AWAY = Math.ceil(RUNS / 100);

test(
  `so it is when the database and the queue go away for a moment in each run (${AWAY})`,
  async () => {
    const database = await openOwnPostgres();
    const own = queue?.env.REDIS_URL === undefined ? undefined : await openOwnRedis();
    await prepare(database.url);
    const clock = await installMovableClock(database.url);
    const servers = own === undefined ? [database] : [database, own];
    const env: Record<string, string> = own === undefined ? {} : { REDIS_URL: own.url };
    const ground: Ground = { databaseUrl: database.url, clock, env, servers: comingAndGoing(servers) };
    const seeds = Array.from({ length: AWAY }, (_, i) => FROM + i);
    try {
      // While the database is away nobody can move its clock, and no webhook is taken.
      expect((await playAll(ground, seeds, ['pass-time', 'webhook'])).failed, 'seeds with a violation').toEqual([]);
    } finally {
      await clock.close();
      for (const server of servers) await server.close();
    }
  },
  180_000 + AWAY * 180_000,
);

/** At the third request of a run one server stops and comes back, in the next run the other one. */
function comingAndGoing(servers: readonly OwnServer[]): NonNullable<Ground['servers']> {
  let times = 0;
  let back = Promise.resolve();
  return {
    onRequest(nth) {
      if (nth !== 3) return;
      const server = servers[times++ % servers.length];
      back = back.then(() => server?.stop()).then(() => server?.start());
    },
    untilBack: () => back,
  };
}

async function prepare(url: string): Promise<void> {
  const database = await openDatabase(url, { connections: 1 });
  await migrate(database);
  await database.close();
}

async function playAll(ground: Ground, seeds: readonly number[], lack: readonly string[] = []): Promise<Sums> {
  const began = performance.now();
  const sums = new Sums();
  for (const [i, seed] of seeds.entries()) {
    if (i % EMPTY_AFTER === EMPTY_AFTER - 1) await empty(ground);
    const chosen = without(scriptOf(seed), lack);
    const played = await play(ground, chosen, `history-${seed}`);
    sums.add(seed, played);
    if (played.violations.length > 0) report(seed, chosen, played);
  }
  console.log(sums.inWords((performance.now() - began) / 1_000));
  return sums;
}

async function openGround(databaseUrl: string): Promise<Ground> {
  const clock = await installMovableClock(databaseUrl);
  return { databaseUrl, clock, env: queue?.env ?? {} };
}

async function empty({ databaseUrl }: Ground): Promise<void> {
  const database = await openDatabase(databaseUrl, { connections: 1 });
  const tables = await database.db.execute<{ name: string }>(sql`
    select format('%I.%I', table_schema, table_name) as name from information_schema.tables
    where table_schema in ('sync', 'hive') and table_type = 'BASE TABLE'
      and table_name not in ('installation', 'migrations')`);
  await database.db.execute(sql.raw(`truncate ${tables.map(({ name }) => name).join(', ')} cascade`));
  await database.close();
}

function report(seed: number, failed: Script, { violations, ends }: Played): void {
  const told = violations.slice(0, 6).map(({ what, detail }) => `  ${what}: ${detail}`);
  console.log(
    [`seed ${seed} (${ends.join(', ')}):`, ...told, `  again: HISTORY_SEED=${seed}`, JSON.stringify(failed)].join('\n'),
  );
}

/** The smallest script that fast-check finds in a while and that still has a violation. */
async function makeSmaller(ground: Ground, seed: number): Promise<void> {
  let tries = 0;
  const found = await fc.check(
    fc.asyncProperty(scripts, async (smaller) => {
      tries += 1;
      const { violations } = await play(ground, smaller, `smaller-${tries}`);
      if (violations.length > 0) throw new Error(violations.map(({ what, detail }) => `${what}: ${detail}`).join('\n'));
    }),
    { seed, numRuns: 1, interruptAfterTimeLimit: 90_000 },
  );
  console.log(`after ${tries} tries the smallest script is\n${JSON.stringify(found.counterexample?.[0], null, 1)}`);
  console.log(found.errorInstance instanceof Error ? found.errorInstance.message : '');
}

class Sums {
  readonly failed: number[] = [];
  #histories = 0;
  #requests = 0;
  #webhooks = 0;
  readonly #kinds = new Map<string, number[]>();
  readonly #excused = new Map<string, number>();
  readonly #ends = new Map<string, number>();

  add(seed: number, { violations, excused, ends, requests, webhooks }: Played): void {
    this.#histories += 1;
    this.#requests += requests;
    this.#webhooks += webhooks;
    for (const end of ends) this.#ends.set(end, (this.#ends.get(end) ?? 0) + 1);
    for (const [excuse, n] of Object.entries(excused)) this.#excused.set(excuse, (this.#excused.get(excuse) ?? 0) + n);
    if (violations.length === 0) return;
    this.failed.push(seed);
    for (const what of new Set(violations.map((one) => one.what)))
      this.#kinds.set(what, [...(this.#kinds.get(what) ?? []), seed]);
  }

  inWords(seconds: number): string {
    const perMinute = Math.round((this.#histories / seconds) * 60);
    return [
      `${this.#histories} histories, ${this.#requests} requests, ${this.#webhooks} webhooks in ${Math.round(seconds)} s: ${perMinute} a minute`,
      ...[...this.#ends].sort().map(([end, n]) => `  ${n} × ${end}`),
      ...(Object.keys(excuses) as Excuse[]).map(
        (excuse) => `  excused ${this.#excused.get(excuse) ?? 0} × ${excuse}: ${excuses[excuse]}`,
      ),
      ...[...this.#kinds].map(([what, seeds]) => `  VIOLATED ${seeds.length} × ${what}: seeds ${seeds.join(' ')}`),
    ].join('\n');
  }
}
