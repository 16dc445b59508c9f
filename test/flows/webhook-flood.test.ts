// Promise: webhooks that never cease, signed and sent again and again, do not keep pages from being read.
import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { openSimulator } from '../../src/simulator/index.js';
import { watchCompleteRuns } from '../support/complete-runs.js';
import { createDatabase } from '../support/database.js';
import { describeQueue } from '../support/needs.js';
import { startWebhookWorker } from '../support/webhooks.js';

const SENDERS = 8;
/** Different bodies; each comes often. */
const BODIES = 60;

describeQueue(({ env }) => {
  test.each(['1', '4'])('%s pages at a time', async (concurrency) => {
    const simulator = await openSimulator({ rate: 'unlimited', sizes: { orders: 300, shipments: 40 } });
    const url = await createDatabase();
    const worker = await startWebhookWorker(simulator, url, {
      ...env,
      SYNC_CONCURRENCY: concurrency,
      SYNC_INCREMENTAL_EVERY: '1s',
    });
    let isOver = false;
    let sent = 0;
    const send = async () => {
      while (!isOver) {
        const body = JSON.stringify({ id: (sent++ % BODIES) + 1, status: 'on_hold', order_id: 1 });
        const signature = createHmac('sha256', simulator.apiKey).update(body).digest('hex');
        const headers = { 'x-hive-signature': signature };
        const answer = await fetch(worker.webhookUrl, { method: 'POST', body, headers });
        await answer.arrayBuffer();
      }
    };
    const runs = await watchCompleteRuns(url);
    const senders = Array.from({ length: SENDERS }, send);
    try {
      await runs.until((await runs.count()) + 2);
    } finally {
      isOver = true;
      await Promise.allSettled(senders);
      console.log(`${sent} webhooks beside ${await runs.count()} runs`);
      await runs.close();
      worker.kill('SIGTERM');
      expect((await worker.ended).code).toBe(0);
      await simulator.close();
    }
  });
});
