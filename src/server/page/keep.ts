// Keeps an answer for a while, the longer the dearer it was: however many people look, and however large the tables
// are, a page takes a small and fixed share of the database.

/** An answer that took 100 ms is given again for two seconds. */
const TIMES_ITS_COST = 20;

/** @param leastMs what even a cheap answer is kept for */
export function keep<T>(
  read: () => Promise<T>,
  { leastMs, now = () => performance.now() }: { leastMs: number; now?: () => number },
): () => Promise<T> {
  let kept: { readonly answer: Promise<T>; until: number } | undefined;
  return () => {
    if (kept !== undefined && now() < kept.until) return kept.answer;
    const startedAt = now();
    const own = { answer: read(), until: Number.POSITIVE_INFINITY };
    kept = own;
    own.answer.then(
      () => {
        own.until = now() + Math.max(leastMs, TIMES_ITS_COST * (now() - startedAt));
      },
      () => {
        own.until = 0;
      },
    );
    return own.answer;
  };
}
