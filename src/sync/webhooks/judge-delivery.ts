// The ordering rule of webhooks: may a delivery replace the stored row? Pure. A delivery shows a state of its record at
// some time before it was received; how long before, nobody says, since deliveries may come late and in any order. So it
// replaces a row only when the two prove which is newer. Without proof the record is asked for: docs/decisions/0009.
import type { StoredRow } from '../../db/stored-states.js';
import type { Collection } from '../collection.js';
import { isObject } from '../records/known-fields.js';
import { compareVersions } from '../records/version-order.js';

export interface DeliveredState {
  readonly hash: string;
  readonly raw: unknown;
  /** When the body was last received, epoch milliseconds: its state is not newer than that. */
  readonly receivedAt: number;
  /** When the event happened, by the API's clock. */
  readonly eventAt: number | undefined;
  /** Did it come in an envelope? Then it is of another version of the API than what we read. */
  readonly isWrapped: boolean;
}

export type Judgement =
  /** Newer for certain: it is stored. */
  | 'applied'
  /** What is stored already. */
  | 'unchanged'
  /** Older for certain: nothing to do. */
  | 'stale'
  /** Nobody can tell: the record is asked for. */
  | 'in_doubt';

/** The API's clock and ours may differ by that much. */
const CLOCKS_DIFFER_MS = 60_000;

export function judgeDelivery(
  collection: Pick<Collection, 'milestones'>,
  stored: StoredRow | undefined,
  delivered: DeliveredState,
): Judgement {
  if (stored === undefined) return delivered.isWrapped ? 'in_doubt' : 'applied';
  const knownAt = stored.deletedAt ?? (stored.source === 'webhook' ? undefined : stored.fetchedAt);
  if (knownAt !== undefined) {
    if (delivered.receivedAt < knownAt) return 'stale';
    if (delivered.eventAt !== undefined && delivered.eventAt + CLOCKS_DIFFER_MS < knownAt) return 'stale';
  }
  if (stored.deletedAt !== undefined) return 'in_doubt';
  if (delivered.hash === stored.hash) return 'unchanged';
  const order = compareVersions(collection, delivered.raw, stored.raw);
  if (order === 'older') return 'stale';
  return order === 'newer' && isWhole(delivered.raw, stored.raw) ? 'applied' : 'in_doubt';
}

/** A record with fewer fields than we know of it (another version of the API, say) would empty columns. */
const isWhole = (delivered: unknown, stored: unknown): boolean =>
  isObject(delivered) && isObject(stored) && Object.keys(stored).every((key) => key in delivered);
