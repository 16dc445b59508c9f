// Workers hear of jobs by LISTEN, on a connection that stays: is what is said on another one heard?
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Finding } from '../../finding.js';

const ABOUT = 'notifications';
/** On one machine it takes a millisecond. */
const PATIENCE_MS = 2_000;

/** @param options as those of the queue's connections. @returns one finding. @throws what keeps it from being tried */
export async function checkListening(options: pg.ClientConfig): Promise<Finding> {
  const [listener, speaker] = [new pg.Client(options), new pg.Client(options)];
  for (const client of [listener, speaker]) client.on('error', () => {}); // it shows in the statement that is under way
  const channel = `check-${randomUUID()}`;
  const heard = new AbortController();
  listener.on('notification', (message) => {
    if (message.channel === channel) heard.abort();
  });
  try {
    await Promise.all([listener.connect(), speaker.connect()]);
    await listener.query(`listen "${channel}"`);
    await speaker.query('select pg_notify($1, $2)', [channel, '']);
    await sleep(PATIENCE_MS, undefined, { signal: heard.signal }).catch(() => {});
    if (heard.signal.aborted) return { level: 'well', about: ABOUT, sentence: 'heard' };
    return {
      level: 'stop',
      about: ABOUT,
      sentence:
        'none is heard: a pooler in transaction mode is in between, and jobs would wait. QUEUE_DATABASE_URL has to name PostgreSQL itself, or set REDIS_URL and keep the queue there.',
    };
  } finally {
    await Promise.all([listener.end(), speaker.end()]);
  }
}
