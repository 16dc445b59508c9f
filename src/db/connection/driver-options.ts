// One address, two drivers: everything that either would otherwise take from the environment is set.
import type pg from 'pg';
import type postgres from 'postgres';
import type { PostgresAddress } from '../../addresses/postgres.js';
import { dial } from './dial.js';
import { DialledSocket } from './dialled-socket.js';
import { inItsTransaction } from './each-transaction.js';
import { type Inquiry, openInquiry } from './inquiry.js';
import { asOptions, asStatements, KEEP_ALIVE, SESSION, type Settings } from './session.js';
import { matchesSession } from './session-kind.js';
import { silenceOf } from './silence.js';

const PRODUCT = 'hive-sync';
/** Purpose of the connection on which it is asked about another. */
const INQUIRY = 'inquiry';

/** What pg_stat_activity shows. @param purpose such as `claims`; '' = the process's own pool */
const nameOf = ({ applicationName = PRODUCT }: PostgresAddress, purpose: string): string =>
  purpose === '' ? applicationName : `${applicationName} ${purpose}`;

/** One for all connections to an address. */
const inquiries = new WeakMap<PostgresAddress, Inquiry>();

function inquiryOf(address: PostgresAddress): Inquiry {
  const known = inquiries.get(address);
  if (known !== undefined) return known;
  const inquiry = openInquiry(nameOf(address, ''), () => {
    let socket: DialledSocket | undefined;
    const options = optionsFor(address, INQUIRY, SESSION, () => {
      socket = socketOf(address, SESSION, undefined).connect();
      return socket;
    });
    return { options, opening: inItsTransaction(address), process: () => socket?.process };
  });
  inquiries.set(address, inquiry);
  return inquiry;
}

/**
 * A socket for a driver; the driver says nothing of hosts and TLS.
 * @param settings of the session, ours included
 * @param inquiry by which it is asked when it is silent
 */
function socketOf(address: PostgresAddress, settings: Settings, inquiry: Inquiry | undefined): DialledSocket {
  const { hosts, connectTimeoutMs: firstWordMs } = address;
  const silenceMs = silenceOf(address);
  const statements = address.sessions === 'pooled' ? asStatements(settings, 'session') : '';
  return new DialledSocket(hosts[0], { firstWordMs, silenceMs, inquiry }, statements, (signal) =>
    dial(address, (one, kind) => matchesSession(probeOptions(one, 'probe'), kind), signal),
  );
}

export interface ConnectionOptions {
  /** Of the session, beside ours, over which they win. With shared sessions nothing is set: each transaction does it. */
  readonly settings?: Settings;
  /** Is told of each socket. */
  readonly made?: (socket: DialledSocket) => void;
}

type PostgresJsOptions = postgres.Options<Record<string, never>>;

/** For postgres(). */
export function postgresJsOptions(
  address: PostgresAddress,
  purpose: string,
  { settings = {}, made = () => {} }: ConnectionOptions = {},
): PostgresJsOptions {
  const all = { ...SESSION, ...settings };
  return optionsFor(address, purpose, all, () => {
    const socket = socketOf(address, all, inquiryOf(address)).connect();
    made(socket);
    return socket;
  });
}

function optionsFor(
  address: PostgresAddress,
  purpose: string,
  settings: Settings,
  socket: () => DialledSocket,
): PostgresJsOptions {
  const bare = bareOptions(address, purpose);
  return {
    ...bare,
    socket,
    // What stands here by its name wins over `options`.
    connection: { ...bare.connection, ...(isOwn(address) ? { ...settings, ...KEEP_ALIVE } : {}) },
    // Where the next statement may run in another session, that has not heard of a name that this one got.
    ...(address.sessions === 'shared' ? { prepare: false } : {}),
  } as unknown as PostgresJsOptions;
}

/** The same with none of our settings: for who only looks what is there. */
export function bareOptions(address: PostgresAddress, purpose: string): PostgresJsOptions {
  const [{ host, port }] = address.hosts;
  const { user, password, database, options, connectTimeoutMs, hosts } = address;
  return {
    socket: () => socketOf({ ...address, sessions: 'own' }, {}, inquiryOf(address)).connect(),
    // For its messages only; one host, as it would go on to the next by itself.
    host: [host],
    port: [port],
    user,
    // A function is asked instead of the environment.
    password: () => password ?? '',
    database,
    ssl: false,
    // For all hosts and the login. 0 would be for ever.
    connect_timeout: (connectTimeoutMs / 1_000) * (hosts.length + 1),
    connection: { application_name: nameOf(address, purpose), ...(options === undefined ? {} : { options }) },
  } as unknown as PostgresJsOptions;
}

/** For who asks whether a server may be written to: an owner who makes one of several read-only says by that which is meant. */
export function probeOptions(address: PostgresAddress, purpose: string): PostgresJsOptions {
  if (!isOwn(address)) return bareOptions(address, purpose);
  const options = postgresJsOptions(address, purpose);
  return { ...options, connection: { ...options.connection, default_transaction_read_only: '' } as object };
}

/** For pg.Client and pg.Pool. @param settings as those of ConnectionOptions */
export function pgOptions(address: PostgresAddress, purpose: string, settings: Settings = {}): pg.ClientConfig {
  const [{ host, port }] = address.hosts;
  const { user, password, database, options = '' } = address;
  const all = { ...SESSION, ...settings };
  return {
    stream: () => socketOf(address, all, inquiryOf(address)),
    host,
    port,
    user,
    password: () => password,
    database,
    ssl: false,
    sslnegotiation: 'postgres',
    client_encoding: 'UTF8',
    application_name: nameOf(address, purpose),
    options: `${options} ${isOwn(address) ? `${asOptions(all)} ${asOptions(KEEP_ALIVE)}` : ''}`.trim(),
  } as unknown as pg.ClientConfig;
}

const isOwn = ({ sessions = 'own' }: PostgresAddress): boolean => sessions === 'own';
