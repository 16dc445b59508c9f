// Closed records are watched for a while, as refunds come late; in a large shop that is most of the list. So that an
// incremental run is over before the next one begins, it looks at some pages of them only, and the next run goes on
// below those: every closed record that is watched has its turn.

/** A page of the list that holds watched records. */
export interface WatchedPage {
  readonly page: number;
  /** Does it hold an open record? Then every run reads it. */
  readonly isOpen: boolean;
  /** Earliest created_at of its closed ones, epoch milliseconds; null when it has none, or they carry none. */
  readonly oldestClosed: number | null;
}

/** The closed records of one run, by created_at, epoch milliseconds. */
export interface Turn {
  /** Exclusive; null = from the newest on. */
  readonly below: number | null;
  /** Inclusive; null = down to the last one. The next turn begins below it. */
  readonly downTo: number | null;
}

export const EVERYTHING: Turn = { below: null, downTo: null };

/**
 * The pages that a run reads: all that hold open records, and at most `most` of the others.
 * @param watched ascending, that is newest first @param below where the turn before ended; null = at the last record
 */
export function takeTurn(
  watched: readonly WatchedPage[],
  { below, most }: { below: number | null; most: number },
): { readonly pages: readonly number[]; readonly turn: Turn } {
  const closed = watched.filter(({ isOpen }) => !isOpen);
  const all = { pages: watched.map(({ page }) => page), turn: EVERYTHING };
  if (closed.length <= most) return all;
  const isBelow = ({ oldestClosed }: WatchedPage) => below === null || (oldestClosed !== null && oldestClosed < below);
  const next = closed.findIndex(isBelow);
  const first = Math.max(0, next);
  const taken = closed.slice(first, first + most);
  // Records of the same instant may stand on the page below: they belong to this turn.
  const downTo = first + most < closed.length ? (taken.at(-1)?.oldestClosed ?? null) : null;
  const chosen = new Set(taken);
  return {
    pages: watched.filter((one) => one.isOpen || chosen.has(one)).map(({ page }) => page),
    turn: { below: first === 0 ? null : below, downTo },
  };
}
