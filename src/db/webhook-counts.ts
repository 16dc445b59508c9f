// What became of the webhooks that came in lately.
import { sql } from 'drizzle-orm';
import type { Executor } from './database.js';

export interface WebhookCount {
  /** waiting = stored, and its job has not run yet */
  readonly outcome: string;
  readonly deliveries: number;
  readonly lastAt: Date;
}

export async function countWebhooks(
  db: Executor,
  account: string,
  { hours }: { hours: number },
): Promise<WebhookCount[]> {
  const rows = await db.execute<{ outcome: string; n: number; last: number }>(sql`
    select coalesce(outcome, 'waiting') as outcome, count(*) as n,
      extract(epoch from max(received_at))::float8 * 1000 as last
    from sync.webhook_deliveries
    where account = ${account} and received_at > now() - make_interval(hours => ${hours})
    group by 1 order by 2 desc, 1`);
  return rows.map(({ outcome, n, last }) => ({ outcome, deliveries: n, lastAt: new Date(last) }));
}
