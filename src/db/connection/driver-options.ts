// One address, two drivers: everything that either would otherwise take from the environment is set.
import type pg from 'pg';
import type postgres from 'postgres';
import type { PostgresAddress } from '../../addresses/postgres.js';
import { dial } from './dial.js';
import { DialledSocket } from './dialled-socket.js';
import { type Inquiry, openInquiry } from './inquiry.js';
import { KEEP_ALIVE, KEEP_ALIVE_OPTIONS, SESSION, SESSION_OPTIONS } from './session.js';
import { matchesSession } from './session-kind.js';

const PRODUCT = 'hive-sync';
/** Purpose of the connection on which it is asked about another. */
const INQUIRY = 'inquiry';

/** What pg_stat_activity shows. @param purpose such as `claims`; '' = the process's own pool */
const nameOf = ({ applicationName = PRODUCT }: PostgresAddress, purpose: string): string =>
  purpose === '' ? applicationName : `${applicationName} ${purpose}`;

/** How long an answer may be due before it is asked whether the server is at work, unless the address says otherwise. */
const SILENCE_MS = 10_000;

/** One for all connections to an address. */
const inquiries = new WeakMap<PostgresAddress, Inquiry>();

function inquiryOf(address: PostgresAddress): Inquiry {
  const known = inquiries.get(address);
  if (known !== undefined) return known;
  const inquiry = openInquiry(nameOf(address, ''), () => {
    let socket: DialledSocket | undefined;
    const options = optionsFor(address, INQUIRY, () => {
      socket = socketOf(address, undefined).connect();
      return socket;
    });
    return { options, process: () => socket?.process };
  });
  inquiries.set(address, inquiry);
  return inquiry;
}

/** A socket for a driver; the driver says nothing of hosts and TLS. @param inquiry by which it is asked when it is silent */
function socketOf(address: PostgresAddress, inquiry: Inquiry | undefined): DialledSocket {
  const { hosts, connectTimeoutMs: firstWordMs, silenceMs = SILENCE_MS } = address;
  return new DialledSocket(hosts[0], { firstWordMs, silenceMs, inquiry }, (signal) =>
    dial(address, (one, kind) => matchesSession(postgresJsOptions(one, 'probe'), kind), signal),
  );
}

/** For postgres(). @param made is told of each socket */
export function postgresJsOptions(
  address: PostgresAddress,
  purpose: string,
  made: (socket: DialledSocket) => void = () => {},
): postgres.Options<Record<string, never>> {
  return optionsFor(address, purpose, () => {
    const socket = socketOf(address, inquiryOf(address)).connect();
    made(socket);
    return socket;
  });
}

function optionsFor(
  address: PostgresAddress,
  purpose: string,
  socket: () => DialledSocket,
): postgres.Options<Record<string, never>> {
  const [{ host, port }] = address.hosts;
  const { user, password, database, options, connectTimeoutMs, hosts } = address;
  return {
    socket,
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
    // What stands here by its name wins over `options`.
    connection: {
      application_name: nameOf(address, purpose),
      ...(options === undefined ? {} : { options }),
      ...SESSION,
      ...KEEP_ALIVE,
    },
  } as unknown as postgres.Options<Record<string, never>>;
}

/** For pg.Client and pg.Pool. @param settings of the session, such as `-c search_path=bullmq`; they, and ours, win over the address's */
export function pgOptions(address: PostgresAddress, purpose: string, settings = ''): pg.ClientConfig {
  const [{ host, port }] = address.hosts;
  const { user, password, database, options = '' } = address;
  return {
    stream: () => socketOf(address, inquiryOf(address)),
    host,
    port,
    user,
    password: () => password,
    database,
    ssl: false,
    sslnegotiation: 'postgres',
    client_encoding: 'UTF8',
    application_name: nameOf(address, purpose),
    options: `${options} ${settings} ${SESSION_OPTIONS} ${KEEP_ALIVE_OPTIONS}`.trim(),
  } as unknown as pg.ClientConfig;
}
