// Everything that the status page shows of one account.
import { type Coverage, readCoverage } from '../../db/coverage.js';
import { countDeadLetters, type DeadLetter, listDeadLetters } from '../../db/dead-letters.js';
import type { Run } from '../../db/ledger.js';
import { type CollectionLosses, readLosses } from '../../db/losses.js';
import { type MinuteOfRequests, requestsPerMinute } from '../../db/requests-per-minute.js';
import { listRuns } from '../../db/run-list.js';
import { etaMs } from '../../db/run-progress.js';
import { type RunStatus, readRunStatus } from '../../db/run-status.js';
import { type BudgetStatus, type CollectionStatus, readBudgetStatus, readCollectionStatus } from '../../db/status.js';
import { countWebhooks, type WebhookCount } from '../../db/webhook-counts.js';
import type { ServerAccount, ServerParts } from '../parts.js';

export interface CollectionView extends CollectionStatus {
  readonly coverage: Coverage;
  readonly losses: CollectionLosses;
}

export interface RunUnderWay extends RunStatus {
  /** null = not known yet. */
  readonly etaMs: number | null;
}

export interface AccountView {
  readonly label: string;
  readonly collections: readonly CollectionView[];
  readonly budget: BudgetStatus;
  readonly minutes: readonly MinuteOfRequests[];
  /** Requests that a minute may hold. */
  readonly perMinute: number;
  readonly underWay: readonly RunUnderWay[];
  /** Newest first. */
  readonly lastRuns: readonly Run[];
  readonly openLetters: number;
  readonly newestLetters: readonly DeadLetter[];
  readonly webhooks: readonly WebhookCount[];
}

export const LAST_RUNS = 30;
const NEWEST_LETTERS = 5;
export const WEBHOOK_HOURS = 24;

/** The dear part: it counts rows. */
export async function readCollections({ store }: ServerParts, { context }: ServerAccount): Promise<CollectionView[]> {
  const views: CollectionView[] = [];
  const names = context.collections.map(({ name }) => name);
  const known = new Map(
    (await readCollectionStatus(store.db, context.account, names)).map((one) => [one.collection, one]),
  );
  // One after another: the connections of the pool are for the sync.
  for (const collection of context.collections) {
    const status = known.get(collection.name);
    if (status === undefined) continue;
    const losses = await readLosses(store.db, context.account, collection);
    views.push({ ...status, coverage: await readCoverage(store.db, context.account, collection), losses });
  }
  return views;
}

export async function readAccount(
  { store, config }: ServerParts,
  label: string,
  collections: readonly CollectionView[],
): Promise<AccountView> {
  const { db } = store;
  const { windowMs } = config.rate;
  const budget = await readBudgetStatus(db, label, config.rate);
  const underWay = await readRunStatus(db, { account: label });
  return {
    label,
    collections,
    budget,
    minutes: await requestsPerMinute(db, label),
    perMinute: (budget.limit * 60_000) / windowMs,
    underWay: underWay.map((run) => ({ ...run, etaMs: etaMs(run, budget, windowMs) })),
    lastRuns: await listRuns(db, { account: label, limit: LAST_RUNS }),
    openLetters: await countDeadLetters(db, { account: label }),
    newestLetters: await listDeadLetters(db, { account: label, limit: NEWEST_LETTERS }),
    webhooks: await countWebhooks(db, label, { hours: WEBHOOK_HOURS }),
  };
}
