// hive-sync webhooks list, replay and prune: the stored deliveries.
import { readConfig } from '../config.js';
import {
  countDeliveries,
  type Delivery,
  type DeliveryFilter,
  listDeliveries,
  outcomesOf,
  pruneDeliveries,
  replayDeliveries,
} from '../db/webhook-deliveries.js';
import { UsageError } from '../errors.js';
import { readDate } from '../sync/runs/dates.js';
import { takeInWebhooks } from '../sync/webhooks/take-in-webhook.js';
import { counted, inThousands, inUtc } from '../words.js';
import { openForegroundApp } from './foreground-app.js';
import { tableOf } from './format.js';
import { type Io, print } from './io.js';
import { withStore } from './with-store.js';

interface ChoiceOptions {
  readonly since?: string;
  readonly account?: string;
}

export interface ListOptions extends ChoiceOptions {
  readonly open: boolean;
  readonly limit?: string;
  readonly json: boolean;
}

export interface ReplayOptions extends ChoiceOptions {
  readonly dryRun: boolean;
}

const readChoice = ({ since, account }: ChoiceOptions): DeliveryFilter => ({
  account,
  since: since === undefined ? undefined : readDate('--since', since),
});

export function listCommand(io: Io, options: ListOptions): Promise<number> {
  const filter = { ...readChoice(options), open: options.open };
  const limit = Number(options.limit ?? 50);
  if (!Number.isInteger(limit) || limit < 1) {
    throw new UsageError(`--limit is "${options.limit}". Expected a whole number of at least 1.`);
  }
  return withStore(io, async ({ db }) => {
    const deliveries = await listDeliveries(db, filter, limit);
    if (options.json) print(io, JSON.stringify(deliveries, null, 2));
    else if (deliveries.length === 0) print(io, 'No deliveries of webhooks.');
    else {
      print(io, tableOf(['id', 'received', 'about', 'times', 'outcome'], deliveries.map(toRow)));
      const all = await countDeliveries(db, filter);
      if (all > deliveries.length) {
        print(io, `\n${inThousands(deliveries.length)} of ${inThousands(all)}. More: --limit ${all}`);
      }
    }
    return 0;
  });
}

const toRow = (delivery: Delivery): (string | number)[] => [
  String(delivery.id),
  inUtc(delivery.last_received_at),
  [delivery.collection ?? 'unknown', delivery.record_id].filter((part) => part !== null).join(' '),
  delivery.times,
  delivery.outcome ?? 'waiting',
];

export async function replayCommand(io: Io, options: ReplayOptions): Promise<number> {
  const filter = readChoice(options);
  const config = readConfig(io.env, { needsKey: false });
  const labels = config.accounts.map(({ label }) => label).filter((label) => (filter.account ?? label) === label);
  if (labels.length === 0) {
    const known = config.accounts.map(({ label }) => label).join(', ');
    throw new UsageError(`There is no account "${filter.account}". Expected one of: ${known}.`);
  }
  if (options.dryRun) {
    return withStore(io, async ({ db }) => {
      let found = 0;
      for (const account of labels) found += await countDeliveries(db, { ...filter, account });
      print(io, `${counted(found, 'delivery', 'deliveries')} would be taken in again. Nothing was changed.`);
      return 0;
    });
  }
  const app = await openForegroundApp(io, config);
  try {
    const { db } = app.store;
    const replayed: number[] = [];
    for (const account of app.accounts.filter(({ account }) => labels.includes(account.label))) {
      replayed.push(...(await replayDeliveries(db, { ...filter, account: account.account.label })));
      // Where a worker is at it already, it takes these in too.
      while (!(await takeInWebhooks(account.context))) io.signal.throwIfAborted();
    }
    print(io, `${counted(replayed.length, 'delivery', 'deliveries')} taken in again.`);
    if (replayed.length === 0) return 0;
    const outcomes = await outcomesOf(db, replayed);
    print(io, `\n${tableOf(['outcome', 'deliveries'], Object.entries(outcomes))}`);
    if ((outcomes.in_doubt ?? 0) > 0) {
      print(io, '\nIn doubt: only the API can tell what is newest. A worker asks it, or the next sync.');
    }
    return 0;
  } finally {
    await app.close();
  }
}

export function pruneCommand(io: Io): Promise<number> {
  const { retention } = readConfig(io.env, { needsKey: false });
  return withStore(io, async ({ db }) => {
    print(io, `${counted(await pruneDeliveries(db, retention.webhooksMs), 'delivery', 'deliveries')} removed.`);
    return 0;
  });
}
