// A transaction whose connection is lost while its code runs. Whatever is sent in it after that, the driver's own rollback
// included, ends the process with an exception that nobody can catch (porsager/postgres#1208). So its code does not return
// to the driver any more: begin() has failed by then.

export interface Losable {
  /** Its connection may be gone before the code in it knows. */
  lost: Error | undefined;
}

/** @param begun what begin() gave: while the code is still at work, only the loss of its connection ends a transaction */
export function noteLoss<T>(transaction: Losable, begun: Promise<T>): Promise<T> {
  begun.catch((error: Error) => {
    transaction.lost = error;
  });
  return begun;
}

/** The code of the transaction, for begin(). */
export async function actIn<T>(transaction: Losable, act: () => T | Promise<T>): Promise<T> {
  try {
    const result = await act();
    if (transaction.lost === undefined) return result;
  } catch (error) {
    // A statement fails in the same turn in which the driver learns of the loss, or just before.
    await new Promise(setImmediate);
    if (transaction.lost === undefined) throw error;
  }
  return new Promise(() => {});
}
