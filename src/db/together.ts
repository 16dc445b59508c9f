// Statements of one transaction that do not need each other's answers, sent without waiting in between: the driver puts
// them on the wire together, in the order in which they were begun, and they cost one round trip.

/** Waits for all of them, also when one fails: none may go on after the transaction has been rolled back. */
export async function together<const T extends readonly Promise<unknown>[]>(
  statements: T,
): Promise<{ -readonly [Nth in keyof T]: Awaited<T[Nth]> }> {
  const ended = await Promise.allSettled(statements);
  const failed = ended.find((end) => end.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return ended.map((end) => (end as PromiseFulfilledResult<unknown>).value) as {
    -readonly [Nth in keyof T]: Awaited<T[Nth]>;
  };
}
