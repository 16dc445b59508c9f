// What we mend of postgres.js, by wrapping the three functions through which Drizzle uses it; the names of schemas in what
// is sent; and the rule that nobody asks the pool inside a transaction.
import { AsyncLocalStorage } from 'node:async_hooks';
import type postgres from 'postgres';
import { actIn, type Losable, noteLoss } from './connection/lost-transaction.js';
import { asSent } from './connection/requalify.js';

type Unsafe = (query: string, params?: never[], options?: postgres.UnsafeQueryOptions) => unknown;
type Scope = { unsafe: Unsafe; begin?: Begin; savepoint?: Begin };
type Begin = (...args: [...unknown[], (scope: Scope) => unknown]) => Promise<unknown>;

interface Transaction extends Losable {
  /** While its code runs. What was only begun there, and runs later, waits for nothing that the transaction holds. */
  open: boolean;
}

/**
 * Drizzle sends its statements unprepared, which postgres.js answers with two round trips each. Ours are few and their
 * texts are constant, so they are prepared once per connection and then cost one.
 *
 * And in a transaction whose connection was lost nothing is sent any more (connection/lost-transaction.ts).
 *
 * A transaction holds a connection of the pool. If its code waited for another one, as many such transactions as the
 * pool has connections would wait for each other for ever. So that is refused at once, however large the pool is.
 */
export function mended(client: postgres.Sql): postgres.Sql {
  const inside = new AsyncLocalStorage<Transaction>();
  return mend(client as unknown as Scope, inside) as unknown as postgres.Sql;
}

function mend(scope: Scope, inside: AsyncLocalStorage<Transaction>, transaction?: Transaction): Scope {
  const { unsafe, begin, savepoint } = scope;
  const refuseInside = (): void => {
    if (transaction === undefined && inside.getStore()?.open === true) throw new PoolInsideTransactionError();
  };
  scope.unsafe = (query, params, options) => {
    refuseInside();
    return transaction?.lost === undefined
      ? unsafe(asSent(query), params, { ...options, prepare: true })
      : refusal(transaction.lost);
  };
  const once = async (own: Transaction, act: (inner: Scope) => unknown, inner: Scope): Promise<unknown> => {
    try {
      return await act(mend(inner, inside, own));
    } finally {
      own.open = false;
    }
  };
  if (begin !== undefined) {
    scope.begin = async (...args) => {
      refuseInside();
      const own: Transaction = { lost: undefined, open: true };
      const act = args.pop() as (inner: Scope) => unknown;
      return noteLoss(
        own,
        begin(...args, (inner) => actIn(own, () => inside.run(own, () => once(own, act, inner)))),
      );
    };
  }
  if (savepoint !== undefined && transaction !== undefined) {
    scope.savepoint = (...args) => {
      const act = args.pop() as (inner: Scope) => unknown;
      return savepoint(...args, (inner) => actIn(transaction, () => act(mend(inner, inside, transaction))));
    };
  }
  return scope;
}

/** A mistake of ours: the code of a transaction asked the pool, where it has to ask the transaction. */
export class PoolInsideTransactionError extends Error {
  override readonly name = 'PoolInsideTransactionError';
  constructor() {
    super('the pool was asked inside a transaction: what runs there takes the transaction as its executor');
  }
}

/** In the form of a pending statement. */
function refusal(error: Error): unknown {
  const refused = Promise.reject(error);
  refused.catch(() => {});
  return Object.assign(refused, { values: () => refused });
}
