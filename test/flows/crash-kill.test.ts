// Promise: SIGKILL at any moment loses nothing; the same command goes on from there and asks again only for the pages
// that were in flight.
import { expect, test } from 'vitest';
import { openSimulator } from '../../src/simulator/index.js';
import { runCli, startCli } from '../support/cli.js';
import { environment, expectWholeAfter, openLedgerView, PAGES, sixtyPages } from '../support/crash.js';
import { createDatabase } from '../support/database.js';
import { describeQueue } from '../support/needs.js';
import { expectTablesToEqualTruth } from '../support/truth.js';
import { until } from '../support/until.js';

/** Right when a request arrives, before its page is committed; or right after a commit. */
type Moment = readonly ['request' | 'commit', number];
const sample: Moment[] = [
  ['commit', 1],
  ['request', 40],
];
const all = Array.from({ length: PAGES }, (_, i): Moment[] => [
  ['request', i + 1],
  ['commit', i + 1],
]).flat();

describeQueue(({ name, env: backend }) => {
  test.each(process.env.SOAK === undefined ? sample : all)(
    'killed at %s %i of 60, the next sync ends complete',
    async (moment, n) => {
      const simulator = await openSimulator(sixtyPages);
      const url = await createDatabase();
      const env = { ...environment(simulator, url), ...backend };
      const ledger = await openLedgerView(url);

      const killed = startCli(['sync', 'orders'], env);
      await until(`${moment} ${n}`, async () =>
        moment === 'request' ? simulator.requests.length >= n : ((await ledger.pages()) ?? 0) >= n,
      );
      killed.kill('SIGKILL');
      expect(await killed.ended).toMatchObject({ signal: 'SIGKILL' });
      const kept = await ledger.pages();
      const [run] = await ledger.runs();
      await ledger.close();
      if (run?.state === 'complete') {
        // After the last commit the run may end before the kill arrives: then nothing is left to do.
        await expectTablesToEqualTruth(url, simulator, ['orders']);
        await simulator.close();
        return;
      }

      const startedAt = performance.now();
      const ended = await runCli(['sync', 'orders'], env);
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
      const twice = await expectWholeAfter(1, { ended, simulator, url });
      console.log(`${name}, ${moment} ${n}: ${kept} kept, ${twice} bought twice, resumed in ${seconds} s`);
      await simulator.close();
    },
  );
});
