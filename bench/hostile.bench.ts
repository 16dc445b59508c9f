// Traffic that nobody wants beside a sync: does the sync keep its pace, does /healthz answer, what memory does it take?
import { type ChildProcess, fork } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openSimulator, type Simulator } from '../src/simulator/index.js';
import { until } from '../test/support/until.js';
import { startWebhookWorker } from '../test/support/webhooks.js';
import { isShort, report } from './support/report.js';
import { openServers, SEED } from './support/scene.js';

const LASTS_MS = isShort ? 6_000 : 10 * 60_000;
/** In short a window of six seconds stands for the minute. */
const WINDOW_MS = isShort ? 6_000 : 60_000;
const LIMIT = 100;
const TOKEN = 'a long token that 20 guesses do not find';

const rows: Record<string, string | number>[] = [];

test.each([
  ['nothing', false],
  ['hostile traffic', true],
])('beside a sync: %s', async (beside, isHostile) => {
  const simulator = await openSimulator({
    seed: SEED,
    rate: { limit: LIMIT, windowMs: WINDOW_MS },
    sizes: { orders: 30_000, shipments: 100 },
  });
  const servers = await openServers('Redis');
  const env = { ...servers.env, ADMIN_TOKEN: TOKEN, HIVE_RATE_WINDOW_MS: String(WINDOW_MS), LOG_LEVEL: 'info' };
  const worker = await startWebhookWorker(simulator, servers.env.DATABASE_URL ?? '', env);
  const { origin } = new URL(worker.webhookUrl);
  let attackers: ChildProcess | undefined;
  let counts: Record<string, number> = {};
  try {
    await until('the sync is under way', () => simulator.stats().requests >= 20, 120_000);
    if (isHostile) {
      attackers = fork(path.resolve(import.meta.dirname, 'support/hostile.mjs'), [origin, simulator.apiKey]);
      attackers.on('message', (message) => {
        counts = message as Record<string, number>;
      });
    }
    const lines = linesOf(worker.output().stderr);
    const before = listRequests(simulator);
    const begin = performance.now();
    const answeredAfter: number[] = [];
    let failed = 0;
    let memory = 0;
    while (performance.now() - begin < LASTS_MS) {
      const at = performance.now();
      const isWell = await fetch(`${origin}/healthz`, { signal: AbortSignal.timeout(10_000) }).then(
        ({ status }) => status === 200,
        () => false,
      );
      if (isWell) answeredAfter.push(performance.now() - at);
      else failed += 1;
      memory = Math.max(memory, memoryOf(worker.pid));
      await sleep(100);
    }
    const windows = (performance.now() - begin) / WINDOW_MS;
    const perWindow = (listRequests(simulator) - before) / windows;
    if (!isShort) expect(perWindow, 'of its pace').toBeGreaterThan(0.8 * LIMIT);
    const sorted = answeredAfter.sort((a, b) => a - b);
    rows.push({
      beside,
      'requests for lists/window': perWindow,
      '/healthz p99 ms': sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN,
      '/healthz longest ms': sorted.at(-1) ?? Number.NaN,
      '/healthz not answered': failed,
      'peak memory MiB': memory,
      'log lines/min': (linesOf(worker.output().stderr) - lines) / (LASTS_MS / 60_000),
      guesses: counts.guesses ?? 0,
      'signed webhooks': counts.signed ?? 0,
      'unsigned webhooks': counts.unsigned ?? 0,
      'malformed requests': counts.malformed ?? 0,
      'endless bodies and headers': counts.slow ?? 0,
    });
  } finally {
    attackers?.kill('SIGKILL');
    worker.kill('SIGTERM');
    expect((await worker.ended).code).toBe(0);
    await servers.close();
    await simulator.close();
  }
  report({
    name: 'hostile',
    what: 'A first sync at 100 requests in a window of the budget, with and without traffic that nobody wants at the same worker: slow bodies, guesses of the token, floods of webhooks signed and not, bytes that are no HTTP. Goal: 80 % of the pace',
    settings: { seed: SEED, limit: LIMIT, windowMs: WINDOW_MS, lastsMs: LASTS_MS, queue: 'Redis' },
    rows,
  });
});

const linesOf = (text: string): number => text.split('\n').length;

const listRequests = ({ requests }: Simulator): number => requests.filter(({ path: at }) => !/\/\d+$/.test(at)).length;

/** Highest so far, MiB. */
const memoryOf = (pid: number): number =>
  Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1_024;
