// What we mend of postgres.js, by wrapping the three functions through which Drizzle uses it.
import type postgres from 'postgres';

type Unsafe = (query: string, params?: never[], options?: postgres.UnsafeQueryOptions) => unknown;
type Scope = { unsafe: Unsafe; begin?: Begin; savepoint?: Begin };
type Begin = (...args: [...unknown[], (scope: Scope) => unknown]) => Promise<unknown>;

/** A transaction; its connection may be gone before the code in it knows. */
interface Transaction {
  lost: Error | undefined;
}

/**
 * Drizzle sends its statements unprepared, which postgres.js answers with two round trips each. Ours are few and their
 * texts are constant, so they are prepared once per connection and then cost one.
 *
 * And whatever is sent in a transaction after its connection was lost, the driver's own rollback included, ends the
 * process with an exception that nobody can catch (porsager/postgres#1208). So nothing is sent there any more.
 */
export function mended(client: postgres.Sql): postgres.Sql {
  return mend(client as unknown as Scope) as unknown as postgres.Sql;
}

function mend(scope: Scope, transaction?: Transaction): Scope {
  const { unsafe, begin, savepoint } = scope;
  scope.unsafe = (query, params, options) =>
    transaction?.lost === undefined ? unsafe(query, params, { ...options, prepare: true }) : refusal(transaction.lost);
  if (begin !== undefined) {
    scope.begin = (...args) => {
      const own: Transaction = { lost: undefined };
      const act = args.pop() as (inner: Scope) => unknown;
      const ended = begin(...args, (inner) => actIn(own, () => act(mend(inner, own))));
      // While the code in it is still at work, only the loss of its connection ends a transaction.
      ended.catch((error: Error) => {
        own.lost = error;
      });
      return ended;
    };
  }
  if (savepoint !== undefined && transaction !== undefined) {
    scope.savepoint = (...args) => {
      const act = args.pop() as (inner: Scope) => unknown;
      return savepoint(...args, (inner) => actIn(transaction, () => act(mend(inner, transaction))));
    };
  }
  return scope;
}

/** Does not return to the driver when the connection is gone: it would send a rollback. Its begin() has failed by then. */
async function actIn(transaction: Transaction, act: () => unknown): Promise<unknown> {
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

/** In the form of a pending statement. */
function refusal(error: Error): unknown {
  const refused = Promise.reject(error);
  refused.catch(() => {});
  return Object.assign(refused, { values: () => refused });
}
