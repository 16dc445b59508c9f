// The queue board: to look at on both backends, and not to touch.
import { expect, test } from 'vitest';
import { openBrowser } from '../../scripts/browser.mjs';
import { collections } from '../../src/collections/index.js';
import { openSimulator } from '../../src/simulator/index.js';
import { startAsked } from '../../src/sync/runs/start-asked.js';
import { describeQueue, needing } from '../support/needs.js';
import { ADMIN_TOKEN, openTestServer } from '../support/server.js';

describeQueue(({ env }) => {
  test('it shows the queue of the account with its jobs, and lets nobody change them', async () => {
    const simulator = await openSimulator({ rate: 'unlimited' });
    const server = await openTestServer(simulator, { ...env, ADMIN_TOKEN });
    try {
      await startAsked(server.account.context, { mode: 'full', collections });
      const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
      expect((await server.ask('/queues')).status).toBe(401);
      expect((await server.ask('/queues/static/js/none.js')).status).toBe(401);

      const page = await server.ask('/queues', { headers });
      expect(page.status).toBe(200);
      const policy = page.headers.get('content-security-policy') ?? '';
      expect(policy).toMatch(/script-src 'self';.*frame-ancestors 'none'/);
      const script = /src="(static\/js\/main[^"]+)"/.exec(await page.text())?.[1];
      expect((await server.ask(`/queues/${script}`, { headers })).status).toBe(200);

      const answer = await server.ask('/queues/api/queues?activeQueue=sync-default&status=prioritized', { headers });
      const { queues } = (await answer.json()) as {
        queues: { name: string; readOnlyMode: boolean; counts: { prioritized: number } }[];
      };
      expect(queues).toEqual([expect.objectContaining({ name: 'sync-default', readOnlyMode: true })]);
      expect(queues[0]?.counts.prioritized).toBe(1);

      for (const [method, path] of [
        ['PUT', '/queues/api/queues/sync-default/pause'],
        ['PUT', '/queues/api/queues/sync-default/obliterate'],
        ['POST', '/queues/api/queues/sync-default/add'],
        ['PUT', '/queues/api/queues/pause'],
      ] as const) {
        expect((await server.ask(path, { method, headers })).status, path).toBe(405);
      }
    } finally {
      await server.close();
      await simulator.close();
    }
  });
});

test(
  'a browser that has logged in sees the queue and its jobs: the policy lets the board work',
  needing('browser'),
  async () => {
    const simulator = await openSimulator({ rate: 'unlimited' });
    const server = await openTestServer(simulator, { ADMIN_TOKEN });
    const browser = await openBrowser();
    try {
      await startAsked(server.account.context, { mode: 'full', collections });
      const page = await browser.newPage();
      const problems: string[] = [];
      page.on('pageerror', (error) => problems.push(error.message));
      await page.goto(`${server.url}/queues`);
      await page.fill('#token', ADMIN_TOKEN);
      await page.click('button[type=submit]');
      await page.getByRole('link', { name: 'sync-default' }).first().waitFor();
      await page.goto(`${server.url}/queues/queue/sync-default?status=prioritized`);
      await page.getByText('sync-page').first().waitFor();
      expect(await page.getByRole('button', { name: /obliterate|pause|clean/i }).count()).toBe(0);
      expect(problems).toEqual([]);
    } finally {
      await browser.close();
      await server.close();
      await simulator.close();
    }
  },
);
