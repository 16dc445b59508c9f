// A connection to the PostgreSQL of an address, as libpq would make it: hosts in turn, TLS as demanded, the kind of
// server that is wanted. Both drivers get theirs from here, so that both keep the same promises.
import { connect as connectTo, type Socket } from 'node:net';
import type { PostgresAddress, PostgresHost, SessionKind } from '../../addresses/postgres.js';
import { openDeadline } from '../../within.js';
import { asksForTls, secured, TlsRefusedError } from './tls.js';

/** Ready for PostgreSQL's protocol. */
export interface Dialled {
  /** What is written to and read from. */
  readonly stream: Socket;
  /** Below TLS; the same where there is none. */
  readonly raw: Socket;
}

/** Is a server what is asked for? @param address of that server alone */
export type Matches = (address: PostgresAddress, kind: SessionKind) => Promise<boolean>;

/**
 * @param matches looks at a server before it is taken, as often as target_session_attrs asks for more than any
 * @param signal gives it up
 * @throws Error with one sentence, with the code of the system where it has one; AggregateError for several hosts
 */
export async function dial(address: PostgresAddress, matches: Matches, signal: AbortSignal): Promise<Dialled> {
  const hosts = address.isShuffled ? shuffled(address.hosts) : address.hosts;
  const failures: unknown[] = [];
  // "prefer" takes what is there when nobody is what it prefers.
  const passes = address.session === 'prefer-standby' ? (['standby', 'any'] as const) : [address.session];
  for (const session of passes) {
    for (const host of hosts) {
      try {
        if (session === 'any' || (await matches({ ...address, hosts: [host], session: 'any' }, session))) {
          return await dialHost(address, host, signal);
        }
        failures.push(new WrongServerError(host, session));
      } catch (error) {
        signal.throwIfAborted();
        failures.push(error);
      }
    }
  }
  if (failures.length === 1) throw failures[0];
  throw new AggregateError(failures, [...new Set(failures.map((error) => (error as Error).message))].join('; '));
}

/** target_session_attrs wants another server; that may change in the next moment, so it counts as away. */
class WrongServerError extends Error {
  /** SQLSTATE sqlclient_unable_to_establish_sqlconnection. */
  readonly code = '08001';
  constructor({ host, port }: PostgresHost, session: string) {
    super(`${host}:${port} is not what target_session_attrs=${session} asks for`);
  }
}

async function dialHost(address: PostgresAddress, host: PostgresHost, signal: AbortSignal): Promise<Dialled> {
  const { tls, connectTimeoutMs } = address;
  const deadline = openDeadline(connectTimeoutMs === 0 ? undefined : connectTimeoutMs, signal);
  const limit = deadline.signal;
  try {
    const raw = await opened(address, host, limit);
    if (tls === undefined || isSocketFolder(host)) return { stream: raw, raw };
    if (!tls.isDirect && !(await asksForTls(raw, limit))) {
      if (!tls.isRequired) return { stream: raw, raw };
      raw.destroy();
      throw new TlsRefusedError(`the server offers no TLS, and ${tls.asked} demands it`);
    }
    try {
      return { stream: await secured(raw, tls, host.host, limit), raw };
    } catch (error) {
      raw.destroy();
      limit.throwIfAborted();
      if (tls.isRequired) throw error;
      const plain = await opened(address, host, limit);
      return { stream: plain, raw: plain };
    }
  } catch (error) {
    if (!deadline.isOver()) throw error;
    throw Object.assign(new Error(`${host.host}:${host.port} did not answer within ${connectTimeoutMs / 1_000} s`), {
      code: 'ETIMEDOUT',
    });
  } finally {
    deadline.end();
  }
}

/** After so much quiet the system looks whether the other side is there: each second, ten times (libuv). */
const KEEP_ALIVE_MS = 10_000;

/** libpq uses no TLS there either: nobody is in between. */
const isSocketFolder = ({ host }: PostgresHost): boolean => /^[/@]/.test(host);

function opened({ keepAlive }: PostgresAddress, host: PostgresHost, signal: AbortSignal): Promise<Socket> {
  const { host: name, port, address } = host;
  return new Promise((resolve, reject) => {
    const socket = isSocketFolder(host)
      ? connectTo(`${name.replace(/^@/, '\0')}/.s.PGSQL.${port}`)
      : connectTo({ host: address ?? name, port, noDelay: true });
    const fail = (error: unknown) => {
      socket.destroy();
      reject(error);
    };
    const giveUp = () => fail(signal.reason);
    socket.once('error', fail);
    signal.addEventListener('abort', giveUp, { once: true });
    if (signal.aborted) giveUp();
    socket.once('connect', () => {
      signal.removeEventListener('abort', giveUp);
      // Whoever has it hears of errors by its end; between two of them nobody listens.
      socket.off('error', fail).on('error', () => {});
      if (keepAlive !== false) socket.setKeepAlive(true, keepAlive?.idleMs ?? KEEP_ALIVE_MS);
      resolve(socket);
    });
  });
}

function shuffled<T>(entries: readonly T[]): T[] {
  return entries
    .map((entry) => ({ entry, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ entry }) => entry);
}
