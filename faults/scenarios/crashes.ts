// Processes and servers go away.
import { setTimeout as sleep } from 'node:timers/promises';
import { until } from '../../test/support/until.js';
import { NEEDED, type Scenario, type Stage } from '../scenario.js';

/** On an API that takes its time, so that there is a middle to be hit. */
const slow = { latencyMs: 40 };

const kill = (n: number, signal: NodeJS.Signals, more: Partial<Scenario> = {}): Scenario => ({
  group: 'Processes',
  trouble: `${signal} after request ${n}${more.env?.REDIS_URL === undefined ? '' : ', queue on Redis'}`,
  simulator: slow,
  during: async ({ request, sync }) => {
    await request(n);
    sync.kill(signal);
  },
  ...more,
});

const server = (
  trouble: string,
  servers: 'PostgreSQL' | 'Redis',
  act: (stage: Stage) => Promise<unknown>,
): Scenario => ({
  group: 'Servers',
  trouble,
  servers,
  simulator: slow,
  during: async (stage) => {
    await stage.request(10);
    await act(stage);
  },
});

/** The outage itself: nothing is waited for. */
const away = async (what: { stop(): Promise<void>; start(): Promise<void> }, ms: number) => {
  await what.stop();
  await sleep(ms);
  await what.start();
};

/** A database server that found no byte for its log goes down by itself; somebody starts it again. */
const fullDisk = (ms: number): Scenario => ({
  ...server(`PostgreSQL's disk is full for ${ms / 1_000} s`, 'PostgreSQL', async ({ disk, postgres, simulator }) => {
    disk.fill();
    await sleep(ms);
    const requests = simulator.stats().requests;
    if (requests >= NEEDED) throw new Error(`the full disk stopped nothing: ${requests} requests were sent`);
    disk.empty();
    if (!(await postgres.answers())) await postgres.start();
  }),
  disk: 160,
});

/** Longer than a pause between two answers of a list (docs/design.md, 4.5). */
const PAUSE_MS = 7_000;

/** One record that was read goes, one comes among those that were read: the API's count stays as it was. */
const swap = ({ simulator }: Pick<Stage, 'simulator'>): void => {
  simulator.apply({ kind: 'delete', collection: 'orders', position: 150 });
  simulator.apply({ kind: 'insertBackdated', collection: 'orders', position: 160 });
};

export const crashes: readonly Scenario[] = [
  {
    group: 'Processes',
    trouble: 'the process sleeps for 7 s; meanwhile an order that was read is deleted and a back-dated one is inserted',
    simulator: slow,
    during: async (stage) => {
      await stage.request(8);
      stage.sync.kill('SIGSTOP');
      swap(stage);
      await sleep(PAUSE_MS);
      stage.sync.kill('SIGCONT');
    },
  },
  {
    ...kill(8, 'SIGINT'),
    trouble: 'Ctrl-C, and 7 s later the same command; meanwhile one order is deleted and a back-dated one inserted',
    during: async (stage) => {
      await stage.request(8);
      stage.sync.kill('SIGINT');
      await stage.sync.ended;
      swap(stage);
      await sleep(PAUSE_MS);
    },
  },
  ...[1, 5, 12, 20, 25].map((n) => kill(n, 'SIGKILL')),
  kill(12, 'SIGTERM'),
  kill(12, 'SIGINT'),
  {
    ...kill(10, 'SIGKILL'),
    trouble: 'SIGKILL of one of two processes that work on the same run',
    during: async ({ request, sync, startAnother }) => {
      await request(4);
      const other = startAnother();
      await request(12);
      sync.kill('SIGKILL');
      await other.ended;
    },
  },
  {
    ...kill(10, 'SIGSTOP'),
    trouble: 'a process is frozen for 9 s and goes on',
    during: async ({ request, sync }) => {
      await request(10);
      sync.kill('SIGSTOP');
      await sleep(9_000);
      sync.kill('SIGCONT');
    },
  },
  {
    group: 'Processes',
    trouble: 'two syncs of the same account at once',
    simulator: slow,
    during: async ({ request, startAnother }) => {
      await request(2);
      await startAnother().ended;
    },
  },
  ...['3600000', '-3600000'].map(
    (ms): Scenario => ({
      group: 'Processes',
      trouble: `the clock of the process is an hour ${ms.startsWith('-') ? 'behind' : 'ahead'}`,
      env: { CLOCK_SHIFT_MS: ms, NODE_OPTIONS: `--import ${new URL('../shifted-clock.mjs', import.meta.url).href}` },
    }),
  ),
  {
    group: 'Processes',
    trouble: 'the clock of the process jumps ahead by a day and back again every second',
    simulator: slow,
    env: {
      CLOCK_SHIFT_MS: 'jumping',
      NODE_OPTIONS: `--import ${new URL('../shifted-clock.mjs', import.meta.url).href}`,
    },
  },
  server('PostgreSQL is restarted', 'PostgreSQL', ({ postgres }) => away(postgres, 0)),
  server('PostgreSQL is away for 5 s', 'PostgreSQL', ({ postgres }) => away(postgres, 5_000)),
  fullDisk(3_000),
  server('FLUSHALL on Redis', 'Redis', ({ redis }) => redis.flush()),
  server('Redis is killed and comes back empty', 'Redis', ({ redis }) => away(redis, 0)),
  server('Redis is away for 5 s and comes back empty', 'Redis', ({ redis }) => away(redis, 5_000)),
  server('Redis and PostgreSQL are both away for 3 s', 'Redis', ({ redis, postgres }) =>
    Promise.all([away(redis, 3_000), away(postgres, 3_000)]),
  ),
  {
    group: 'Keys',
    trouble: 'the key is revoked while reading, and restored',
    simulator: slow,
    during: async ({ request, simulator }) => {
      await request(10);
      simulator.revokeKey();
    },
    mend: ({ simulator }) => simulator.restoreKey(),
    mustBeTold: true,
  },
  {
    group: 'Keys',
    trouble: 'a single 401 in between',
    simulator: { faults: [{ match: { path: '/orders', page: 5 }, respond: { status: 401 } }] },
  },
  {
    group: 'Keys',
    trouble: 'the key is refused for a moment, to all requests that are under way',
    simulator: slow,
    during: async ({ request, simulator }) => {
      await request(6);
      simulator.revokeKey();
      await until('the key was refused', () => (simulator.stats().byStatus[401] ?? 0) > 0);
      simulator.restoreKey();
    },
  },
];
