// Where each transaction may have another session, our settings are set in each, for its time: what was set for a session
// would be lost for us, and found by whoever gets that session next. A statement outside of a transaction is made one.
import type postgres from 'postgres';
import type { PostgresAddress } from '../../addresses/postgres.js';
import { actIn, type Losable, noteLoss } from './lost-transaction.js';
import { asStatements, SESSION, type Settings } from './session.js';

/** What the defaults of a session say of its transactions. */
const KIND = 'isolation level read committed read write not deferrable';

/** The client itself, unless its sessions are shared; then one for Drizzle, which uses unsafe() and begin() alone. */
export function settledEachTime(client: postgres.Sql, { sessions }: PostgresAddress): postgres.Sql {
  if (sessions !== 'shared') return client;
  const settings = asStatements(SESSION, 'local');
  const begin = (act: (tx: postgres.TransactionSql) => unknown): Promise<unknown> => {
    const transaction: Losable = { lost: undefined };
    const begun = client.begin(KIND, (tx) => {
      // Sent at once and not waited for; what follows goes the same way, and where this fails the transaction does.
      tx.unsafe(settings).execute();
      return actIn(transaction, () => act(tx));
    });
    return noteLoss(transaction, begun);
  };
  const unsafe = (query: string, parameters?: never[], options?: postgres.UnsafeQueryOptions): unknown => {
    const ask = (tx: postgres.TransactionSql) => tx.unsafe(query, parameters, options);
    return startedWhenAwaited(
      () => begin((tx) => ask(tx)),
      () => begin((tx) => ask(tx).values()),
    );
  };
  // Not set on the client: its own begin() goes by its own unsafe().
  return Object.assign(Object.create(client) as postgres.Sql, { unsafe, begin });
}

/** As a statement of the driver: it starts when somebody wants to know. */
const startedWhenAwaited = (objects: () => Promise<unknown>, values: () => Promise<unknown>): unknown => ({
  // biome-ignore lint/suspicious/noThenProperty: that is what it is for
  then: (...reactions: Parameters<Promise<unknown>['then']>) => objects().then(...reactions),
  catch: (onRejected: (error: unknown) => unknown) => objects().catch(onRejected),
  finally: (onEnd: () => void) => objects().finally(onEnd),
  values,
});

/** Before a statement that is sent by itself, in the same message: the settings that the session does not have. */
export const inItsTransaction = ({ sessions }: PostgresAddress, settings: Settings = {}): string =>
  sessions === 'shared' ? `${asStatements({ ...SESSION, ...settings }, 'local')}; ` : '';
