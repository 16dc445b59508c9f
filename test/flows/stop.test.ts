// Promise: SIGTERM ends a worker with 0 and Ctrl-C a command with 130 within 15 s, at every stage, whatever server is
// away by then; the log says what could not be written, and nothing goes on.
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import postgres from 'postgres';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { openSimulator, type Simulator } from '../../src/simulator/index.js';
import { type Started, startCli } from '../support/cli.js';
import { describeQueue } from '../support/needs.js';
import { openOwnPostgres, openOwnRedis } from '../support/servers.js';
import { until } from '../support/until.js';

type Server = Awaited<ReturnType<typeof openOwnPostgres>>;
type Away = 'nothing' | 'PostgreSQL' | 'Redis';

const WITHIN_MS = 15_000;
const MIGRATION_LOCK = 4_810_276;
let server: Server;
let redis: Awaited<ReturnType<typeof openOwnRedis>>;

beforeAll(async () => {
  [server, redis] = await Promise.all([openOwnPostgres(), openOwnRedis()]);
});
afterAll(() => Promise.all([server.close(), redis.close()]));

interface Scene {
  readonly process: Started;
  readonly simulator: Simulator;
  /** On the database of the process; its sessions end with the server. */
  readonly sql: postgres.Sql;
}

interface Stage {
  readonly name: string;
  /** Of the simulated API, and of the program. */
  readonly api?: Parameters<typeof openSimulator>[0];
  readonly env?: Record<string, string>;
  /** Before the process starts. */
  readonly before?: (sql: postgres.Sql) => Promise<unknown>;
  /** Waits until it is there. */
  readonly reached: (scene: Scene) => Promise<unknown>;
}

const isWaiting = async ({ sql }: Scene, statement: string): Promise<boolean> => {
  // Else a transaction sees what was there when it first looked.
  await sql`select pg_stat_clear_snapshot()`;
  const rows = await sql`
    select from pg_stat_activity where wait_event_type = 'Lock' and query ilike ${`%${statement}%`}
      and datname = current_database()`;
  return rows.length > 0;
};
const requests = ({ simulator }: Scene, n: number) =>
  until('requests are under way', () => simulator.stats().requests >= n, 60_000);

const whileMigrating: Stage = {
  name: 'while it migrates',
  before: (sql) => sql`select pg_advisory_lock(${MIGRATION_LOCK})`,
  reached: ({ process }) =>
    until('it waits for its turn to migrate', () => process.output().stderr.includes('brings the schema in step')),
};
const stages: readonly Stage[] = [
  whileMigrating,
  {
    name: 'while it waits for a slot',
    env: { HIVE_RATE_LIMIT: '2', HIVE_RATE_WINDOW_MS: '600000' },
    reached: (scene) => requests(scene, 2),
  },
  { name: 'in a request', api: { latencyMs: 600_000 }, reached: (scene) => requests(scene, 1) },
  {
    name: 'in a commit',
    reached: async (scene) => {
      await until('its tables are there', async () => {
        const [found] = await scene.sql<{ there: boolean }[]>`select to_regclass('hive.orders') is not null as there`;
        return found?.there;
      });
      await scene.sql.unsafe('begin; lock table hive.orders in exclusive mode');
      // Whoever waits for a lock here is about to write: what it says is too long to be shown whole.
      await until('it wants to write', () => isWaiting(scene, ''));
    },
    api: { latencyMs: 1_500 },
  },
];

let nth = 0;
async function open(command: string[], { api, env, before }: Stage, backend: Record<string, string>): Promise<Scene> {
  nth += 1;
  const url = new URL(server.url);
  const maintenance = postgres(server.url, { max: 1 });
  await maintenance.unsafe(`create database stage_${nth}`);
  await maintenance.end();
  url.pathname = `/stage_${nth}`;
  const sql = postgres(url.href, { max: 1, onnotice: () => {}, max_lifetime: null });
  await before?.(sql);
  const simulator = await openSimulator({ sizes: { orders: 200 }, rate: 'unlimited', ...api });
  const process = startCli(command, {
    HIVE_API_KEY: simulator.apiKey,
    HIVE_API_URL: simulator.url,
    DATABASE_URL: url.href,
    ...(backend.REDIS_URL === undefined ? {} : { REDIS_URL: redis.url }),
    ...env,
  });
  return { process, simulator, sql };
}

const takeAway = async (away: Away): Promise<void> => {
  if (away === 'PostgreSQL') await server.stop();
  if (away === 'Redis') await redis.stop();
};

/** Its exit code, what it wrote, and how long it took from the signal. */
async function stopped({ process }: Scene, signal: NodeJS.Signals, then = async () => {}) {
  const at = performance.now();
  process.kill(signal);
  await then();
  const ended = await process.ended;
  return { ...ended, ms: performance.now() - at };
}

async function leave({ simulator, sql }: Scene): Promise<void> {
  await sql.end({ timeout: 1 }).catch(() => {});
  if (!(await server.answers())) await server.start();
  if (!(await redis.answers())) await redis.start();
  await simulator.close();
}

describeQueue(({ name, env }) => {
  const away: Away[] = ['nothing', 'PostgreSQL', ...(name === 'Redis' ? (['Redis'] as const) : [])];
  // What differs between the queues is what they wait for; SOAK tries every stage on both, with every server away.
  const tried = name === 'Redis' || process.env.SOAK !== undefined ? stages : stages.slice(-2);
  const all = tried.flatMap((stage) => away.map((gone) => [stage.name, gone, stage] as const));
  const cases = process.env.SOAK === undefined ? all.filter((_, i) => i % 2 === 1) : all;

  test.each(cases)('a worker %s, %s away', async (_, gone, stage) => {
    const scene = await open(['worker'], stage, env);
    onTestFinished(() => leave(scene));
    await stage.reached(scene);
    await takeAway(gone);
    const { code, ms, stderr } = await stopped(scene, 'SIGTERM');
    expect(code, stderr).toBe(0);
    expect(ms, stderr).toBeLessThan(WITHIN_MS);
  });

  test.each(away.slice(1))('a worker whose %s goes away while it is closing', async (gone) => {
    const scene = await open(
      ['worker'],
      { ...whileMigrating, before: async () => {}, api: { latencyMs: 600_000 } },
      env,
    );
    onTestFinished(() => leave(scene));
    await requests(scene, 1);
    const { code, ms, stderr } = await stopped(scene, 'SIGTERM', () => takeAway(gone));
    expect(code, stderr).toBe(0);
    expect(ms, stderr).toBeLessThan(WITHIN_MS);
  });

  test.each(all.filter(([, gone]) => gone === (name === 'Redis' ? 'Redis' : 'PostgreSQL')))(
    'Ctrl-C of a sync %s, %s away',
    async (_, gone, stage) => {
      const scene = await open(['sync', 'orders'], stage, env);
      onTestFinished(() => leave(scene));
      await stage.reached(scene);
      await takeAway(gone);
      const { code, ms, stderr } = await stopped(scene, 'SIGINT');
      // What needs no waiting may have failed before the signal came.
      expect(stage === whileMigrating && gone === 'PostgreSQL' ? [1, 130] : [130], stderr).toContain(code);
      expect(ms, stderr).toBeLessThan(WITHIN_MS);
    },
  );
});

test.each([50, 400, 1_500])('SIGTERM %i ms after the start leaves no embedded PostgreSQL behind', async (afterMs) => {
  const home = mkdtempSync(path.join(tmpdir(), 'hive-sync-stop-'));
  // As root the server runs as another user, who must be able to follow.
  chmodSync(home, 0o755);
  const worker = startCli(['worker'], {
    HIVE_API_KEY: 'k',
    HIVE_API_URL: 'http://127.0.0.1:9',
    HIVE_SYNC_HOME: home,
  });
  const began = performance.now();
  await until('the time has come', () => performance.now() - began >= afterMs);
  worker.kill('SIGTERM');
  const { code, signal, stderr } = await worker.ended;
  // Before it can listen for signals, it simply ends.
  expect(signal === 'SIGTERM' || code === 0, stderr).toBe(true);
  const mark = path.basename(home);
  await until('nothing of it is running', () => commandLines().every((line) => !line.includes(mark)));
  rmSync(home, { recursive: true, force: true });
});

function commandLines(): string[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        return '';
      }
    });
}
