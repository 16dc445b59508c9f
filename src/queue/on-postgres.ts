// BullMQ on PostgreSQL. By itself each of its queues and workers opens a pool and a connection that listens; here all of
// a process share one of each, whatever the number of accounts (docs/decisions/0002).
import { EventEmitter } from 'node:events';
import {
  type BackendFactory,
  PostgresConnection,
  type PostgresConnectionOptions,
  PostgresQueueBackend,
  runMigrations,
  withBackend,
} from 'bullmq';
import pg from 'pg';
import type { PostgresAddress } from '../addresses/postgres.js';
import { pgOptions } from '../db/connection/driver-options.js';
import { pathWith } from '../db/connection/session.js';
import { USE, useEveryMs } from '../db/connection/silence.js';
import { describe, ServiceUnavailableError } from '../errors.js';
import type { Logger } from '../log.js';
import { schemas } from '../schema-names.js';
import type { Backend } from './backend.js';
import { checkListening } from './checks/listening.js';
import type { Task } from './jobs.js';
import { PatientWorker } from './patient-worker.js';
import { pinFunctions } from './pin-functions.js';

/** Connections for the statements of all queues and workers: more made no queue faster. */
const POOL = 6;
/** With the one that listens. */
export const QUEUE_CONNECTIONS = POOL + 1;

type ListenClient = Awaited<ReturnType<PostgresConnection['getListenClient']>>;

/** @throws ServiceUnavailableError */
export async function openPostgresBackend(address: PostgresAddress, log: Pick<Logger, 'warn'>): Promise<Backend> {
  await bringTablesInStep(address);
  // Nothing waits for the disk: what a power cut takes from the queue is made again from the ledger.
  const settings = { synchronous_commit: 'off', search_path: pathWith(schemas.queue) };
  const pool = new pg.Pool({ ...pgOptions(address, 'queue', settings), max: POOL });
  const tell = (error: Error): void => log.warn({ problem: describe(error) }, 'queue trouble, going on');
  pool.on('error', tell);
  // Between two statements of a transaction nobody listens; the loss then shows in the next one.
  pool.on('connect', (client) => client.on('error', () => {}));
  const listener = new Listener(
    () => new pg.Client(pgOptions(address, 'queue listener', settings)),
    useEveryMs(address),
  );
  listener.on('lost', tell);
  const factory: BackendFactory<PostgresQueueBackend, PostgresConnectionOptions> = (name, options) =>
    new PostgresQueueBackend(new SharedConnection(pool, listener), name, options);
  const classes = withBackend(factory);
  // BullMQ insists on one; the factory has its own.
  const connection = { schema: schemas.queue };
  return {
    kind: 'postgres',
    openQueue: (name) => new classes.Queue<Task>(name, { connection }),
    openWorker: (name, process, options, came) =>
      new PatientWorker(name, process, { ...options, connection }, came, factory as unknown as BackendFactory),
    check: async () => [await checkListening(pgOptions(address, 'check', settings))],
    // Statements fail at once when the server is gone.
    leave: async () => {},
    async close() {
      await listener.close();
      await pool.end();
    },
  };
}

async function bringTablesInStep(address: PostgresAddress): Promise<void> {
  const client = new pg.Client(pgOptions(address, 'queue'));
  client.on('error', () => {}); // a lost connection shows in the statement that is under way
  try {
    await client.connect();
    await runMigrations(withoutSchema(client), schemas.queue);
    await pinFunctions(client);
  } catch (error) {
    throw new ServiceUnavailableError(`the queue's tables in PostgreSQL cannot be used: ${describe(error)}`, {
      cause: error,
    });
  } finally {
    await client.end();
  }
}

/**
 * BullMQ makes its schema `if not exists`, which wants the right to make schemas all the same. Where somebody has made it for
 * a role without that right, it is not asked for again.
 */
function withoutSchema(client: pg.Client): pg.Client {
  const query = async (text: string, parameters?: unknown[]) => {
    if (/^create schema /i.test(text)) {
      const found = await client.query('select from pg_namespace where nspname = $1', [schemas.queue]);
      if (found.rowCount === 1) return found;
    }
    return client.query(text, parameters);
  };
  return { query } as unknown as pg.Client;
}

/** What BullMQ holds for a queue's own connections: the pool and the listener of the process, of which it may close none. */
class SharedConnection extends PostgresConnection {
  readonly #listener: Listener;

  constructor(pool: pg.Pool, listener: Listener) {
    // Whoever has opened the pool is told of its troubles, once and not once for each queue.
    super({
      connect: () => pool.connect(),
      query: (text: string, params?: readonly unknown[]) => pool.query(text, params as unknown[]),
      end: async () => {},
      on() {
        return this;
      },
      removeAllListeners() {
        return this;
      },
    } as unknown as ConstructorParameters<typeof PostgresConnection>[0]);
    this.#listener = listener;
    listener.on('lost', this.#lost);
  }

  readonly #lost = (): void => {
    this.emit('listenerinvalidated');
  };

  /**
   * The tables are in step before there is a connection of this kind (bringTablesInStep). BullMQ would look once more, and
   * keep what came of it for ever: a first connection that was refused failed all that came after it.
   */
  override async waitUntilReady(): Promise<void> {}

  override getListenClient(): Promise<ListenClient> {
    return this.#listener.listening();
  }

  override get hasListenClientKeepAlive(): boolean {
    return true;
  }

  override close(): Promise<void> {
    this.#listener.off('lost', this.#lost);
    return super.close();
  }
}

/** The one connection that listens. It says `lost` when it is, and is made anew for the next one who wants to listen. */
class Listener extends EventEmitter {
  readonly #make: () => pg.Client;
  readonly #useEveryMs: number;
  #client: Promise<pg.Client> | undefined;
  /** Channels that are listened to on it. */
  #channels = new Map<string, Promise<unknown>>();
  #isClosed = false;
  /** What BullMQ takes for a client of its own. */
  readonly #face: ListenClient;

  constructor(make: () => pg.Client, useEveryMs: number) {
    super();
    this.#make = make;
    this.#useEveryMs = useEveryMs;
    // One listener for each queue and each worker that waits.
    this.setMaxListeners(0);
    const face: ListenClient = {
      query: async <R>(text: string) => {
        await this.#listen(text);
        return { rows: [] as R[] };
      },
      on: (event: string, hear: (...heard: unknown[]) => void) => {
        if (event === 'notification') this.on(event, hear);
        return face;
      },
      removeListener: (event: string, hear: (...heard: unknown[]) => void) => {
        this.off(event, hear);
        return face;
      },
      removeAllListeners: () => face,
    } as unknown as ListenClient;
    this.#face = face;
  }

  async listening(): Promise<ListenClient> {
    await this.#connected();
    return this.#face;
  }

  /** @param statement LISTEN with a channel, which BullMQ says for each worker and the server needs to hear once */
  async #listen(statement: string): Promise<void> {
    const client = await this.#connected();
    const begun = this.#channels.get(statement) ?? client.query(statement);
    this.#channels.set(statement, begun);
    try {
      await begun;
    } catch (error) {
      this.#channels.delete(statement);
      throw error;
    }
  }

  #connected(): Promise<pg.Client> {
    if (this.#isClosed) return Promise.reject(new Error('the queue is closed'));
    this.#client ??= this.#connect();
    return this.#client;
  }

  async #connect(): Promise<pg.Client> {
    const client = this.#make();
    let using: NodeJS.Timeout | undefined;
    const forget = (error: Error): void => {
      clearInterval(using);
      if (this.#isClosed) return;
      this.#client = undefined;
      this.#channels = new Map();
      this.emit('lost', error);
    };
    client.once('error', forget);
    client.on('error', () => {});
    client.on('notification', (message) => this.emit('notification', message));
    try {
      await client.connect();
      // A dead one says so by its error. One at a time: a server that is silent would only gather them.
      let isInUse = false;
      const use = async (): Promise<void> => {
        if (isInUse) return;
        isInUse = true;
        await client.query(USE).catch(() => {});
        isInUse = false;
      };
      using = setInterval(() => void use(), this.#useEveryMs).unref();
      client.once('end', () => clearInterval(using));
      return client;
    } catch (error) {
      this.#client = undefined;
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const client = await this.#client?.catch(() => undefined);
    await client?.end();
  }
}
