// A worker as a process that takes webhooks, and what the tables say about them.
import { sql } from 'drizzle-orm';
import { openDatabase } from '../../src/db/database.js';
import { SIGNATURE_HEADER, signatureOf } from '../../src/hive/webhook-signature.js';
import type { Simulator } from '../../src/simulator/index.js';
import { type Started, startCli } from './cli.js';
import { until } from './until.js';

export interface WebhookWorker extends Started {
  /** Where webhooks go. */
  readonly webhookUrl: string;
}

export async function startWebhookWorker(
  simulator: Pick<Simulator, 'url' | 'apiKey'>,
  databaseUrl: string,
  env: Readonly<Record<string, string>> = {},
): Promise<WebhookWorker> {
  const worker = startCli(['worker'], {
    HIVE_API_KEY: simulator.apiKey,
    HIVE_API_URL: simulator.url,
    DATABASE_URL: databaseUrl,
    SYNC_RETRY_BASE_MS: '100',
    ...env,
  });
  const url = await until('the server is up', () => /"url":"(http:[^"]+)"/.exec(worker.output().stderr)?.[1]);
  return { ...worker, webhookUrl: `${url}/webhooks/hive` };
}

/** Posts a body with its signature, or with another one. */
export const postWebhook = (url: string, body: string | Buffer, apiKey: string, headers: Record<string, string> = {}) =>
  fetch(url, {
    method: 'POST',
    body: new Uint8Array(Buffer.from(body)),
    headers: {
      'content-type': 'application/json',
      [SIGNATURE_HEADER]: signatureOf(Buffer.from(body), apiKey),
      ...headers,
    },
  });

export interface WebhookState {
  readonly stored: number;
  /** Those with something left to do. */
  readonly open: number;
  readonly outcomes: Readonly<Record<string, number>>;
  /** First received before the full run had ended. */
  readonly duringFullSync: number;
  readonly runsGoing: number;
  /** Requests for single records because of webhooks. */
  readonly lookups: number;
}

/** undefined while the database does not answer. */
export async function readWebhookState(databaseUrl: string): Promise<WebhookState | undefined> {
  let database: Awaited<ReturnType<typeof openDatabase>> | undefined;
  try {
    database = await openDatabase(databaseUrl, { connections: 1 });
    const { db } = database;
    const outcomes = await db.execute<{ outcome: string | null; n: number }>(
      sql`select outcome, count(*) as n from sync.webhook_deliveries group by outcome`,
    );
    const [sums] = await db.execute<{ open: number; during: number; going: number; lookups: number }>(sql`
      select (select count(*) from sync.webhook_deliveries where processed_at is null) as open,
        (select count(*) from sync.webhook_deliveries d join sync.runs r on r.mode = 'full'
          and d.received_at < r.finished_at) as during,
        (select count(*) from sync.runs where state = 'running') as going,
        (select count(*) from sync.lookups l join sync.runs r on r.id = l.run_id where r.trigger = 'webhook') as lookups`);
    return {
      stored: outcomes.reduce((sum, { n }) => sum + n, 0),
      open: sums?.open ?? 0,
      outcomes: Object.fromEntries(outcomes.map(({ outcome, n }) => [outcome ?? 'none', n])),
      duringFullSync: sums?.during ?? 0,
      runsGoing: sums?.going ?? 0,
      lookups: sums?.lookups ?? 0,
    };
  } catch {
    return undefined;
  } finally {
    await database?.close();
  }
}

/** Everything that was sent has been acknowledged and dealt with, and no run is going. */
export const untilQuiet = (simulator: Pick<Simulator, 'webhookStats'>, databaseUrl: string, deadlineMs = 60_000) =>
  until(
    'every webhook is dealt with',
    async () => {
      if (simulator.webhookStats().waiting > 0) return undefined;
      const state = await readWebhookState(databaseUrl);
      return state !== undefined && state.open === 0 && state.runsGoing === 0 ? state : undefined;
    },
    deadlineMs,
  );
