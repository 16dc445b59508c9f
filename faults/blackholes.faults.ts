// Packets that vanish for twenty minutes on one kind of flow, nobody being told: how long does a worker stand still, what
// does it say, what does it cost? All at once, as nearly all of the time is spent waiting.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { openSimulator } from '../src/simulator/index.js';
import { type Blackhole, openBlackhole } from '../test/support/blackhole.js';
import { startCli } from '../test/support/cli.js';
import { watchCompleteRuns } from '../test/support/complete-runs.js';
import { createDatabase } from '../test/support/database.js';
import { needing } from '../test/support/needs.js';
import { freePort, openOwnRedis } from '../test/support/servers.js';
import { until } from '../test/support/until.js';
import { keep, type Swallowed } from './page.js';

const isShort = process.env.FAULTS_SHORT !== undefined;
const LASTS_MS = isShort ? 10_000 : 20 * 60_000;

/** What is swallowed: flows to PostgreSQL, to the queue's server, to the API. */
const kinds = ['PostgreSQL', 'Redis', 'the queue in PostgreSQL', 'the API'] as const;

const all = kinds.flatMap((flows) => (['new ones pass', 'nothing passes'] as const).map((also) => ({ flows, also })));

const cases = isShort
  ? all.filter(({ flows, also }) => (flows === 'PostgreSQL') === (also === 'new ones pass') && flows !== 'the API')
  : all;

const options = { ...needing('redis-server'), timeout: 240_000 + 2 * LASTS_MS };

test(`flows are swallowed for ${LASTS_MS / 1_000} s`, options, async () => {
  const found = await Promise.all(cases.map(swallow));
  // All of them, also when one is not as it should be.
  console.log(JSON.stringify(found, null, 1));
  for (const one of found) {
    // For seconds the first lines of each kind are many.
    if (!isShort) expect(one.logLinesPerMinute, JSON.stringify(one)).toBeLessThan(60);
    // Where new ones pass nobody has to wait for the end of it: a request to the API may take its 30 s, and be tried again.
    if (one.also === 'new ones pass') expect(one.longestStall, JSON.stringify(one)).toBeLessThan(150);
  }
  if (isShort) return;
  keep('blackholes', found);
});

async function swallow({ flows, also }: (typeof all)[number]): Promise<Swallowed> {
  const simulator = await openSimulator({ sizes: { orders: 40 }, rate: 'unlimited' });
  const direct = await createDatabase();
  const redis = flows === 'the queue in PostgreSQL' ? undefined : await openOwnRedis();
  const way: Blackhole = await openBlackhole(
    { PostgreSQL: direct, Redis: redis?.url ?? '', 'the queue in PostgreSQL': direct, 'the API': simulator.url }[flows],
  );
  const port = await freePort();
  const worker = startCli(['worker'], {
    HIVE_API_KEY: simulator.apiKey,
    HIVE_API_URL: flows === 'the API' ? way.url.replace(/\/$/, '') : simulator.url,
    DATABASE_URL: flows === 'PostgreSQL' ? way.url : direct,
    ...(redis === undefined ? { QUEUE_DATABASE_URL: way.url } : { REDIS_URL: flows === 'Redis' ? way.url : redis.url }),
    HTTP_PORT: String(port),
    SYNC_INCREMENTAL_EVERY: isShort ? '1s' : '10s',
    ...(isShort ? { CONNECTION_SILENCE: '1s', HIVE_TIMEOUT_MS: '2000' } : {}),
  });
  const runs = await watchCompleteRuns(direct);
  try {
    await runs.until(2);
    const before = { lines: warningsIn(worker.output().stderr).length, cpuSeconds: cpuSecondsOf(worker.pid) };
    way.swallow();
    if (also === 'nothing passes') way.swallowNew(true);
    const stall = await watch(port, runs.count);
    const lines = warningsIn(worker.output().stderr).slice(before.lines);
    const cpuSeconds = cpuSecondsOf(worker.pid) - before.cpuSeconds;
    way.swallowNew(false);
    const ended = await runs.count();
    const at = performance.now();
    await until('it goes on', async () => (await runs.count()) > ended, 300_000);
    const wentOnAfter = (performance.now() - at) / 1_000;
    worker.kill('SIGTERM');
    expect(await worker.ended).toMatchObject({ code: 0 });
    return {
      flows,
      also,
      minutes: LASTS_MS / 60_000,
      longestStall: stall.longest,
      wentOnAfter,
      readyz: stall.readyz,
      logLinesPerMinute: lines.length / (LASTS_MS / 60_000),
      firstLine: lines[0] ?? 'none',
      cpuSeconds,
    };
  } finally {
    await runs.close();
    await simulator.close();
    await redis?.close();
    way.close();
  }
}

/** Looks every half second for as long as it lasts. */
async function watch(port: number, countRuns: () => Promise<number>): Promise<{ longest: number; readyz: string }> {
  const began = performance.now();
  let count = await countRuns();
  let lastEnd = began;
  let longest = 0;
  let notReadySince: number | undefined;
  let notReady = 0;
  let looks = 0;
  while (performance.now() - began < LASTS_MS) {
    const now = await countRuns();
    if (now > count) lastEnd = performance.now();
    count = now;
    longest = Math.max(longest, performance.now() - lastEnd);
    const { status } = await fetch(`http://127.0.0.1:${port}/readyz`);
    looks += 1;
    if (status !== 200) {
      notReadySince ??= performance.now() - began;
      notReady += 1;
    }
    await sleep(500);
  }
  const readyz =
    notReadySince === undefined
      ? '200 all the time'
      : `503 from second ${Math.round(notReadySince / 1_000)} on, ${Math.round((notReady / looks) * 100)} % of the time`;
  return { longest: longest / 1_000, readyz };
}

/** What was logged as a warning or an error, without addresses. Not that runs are skipped while one is going. */
const warningsIn = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => line.startsWith('{') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as { level: string; msg: string; problem?: string })
    .filter(({ level, msg }) => (level === 'warn' || level === 'error') && !msg.includes('this one is skipped'))
    .map(({ msg, problem }) =>
      problem === undefined ? msg : `${msg}: ${problem.replaceAll(/127\.0\.0\.1:\d+/g, '…')}`,
    );

/** User and system, of Linux, where a tick is a hundredth of a second. */
function cpuSecondsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
