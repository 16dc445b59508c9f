// One address, two drivers: everything that either would otherwise take from the environment is set.
import type pg from 'pg';
import type postgres from 'postgres';
import type { PostgresAddress } from '../../addresses/postgres.js';
import { dial } from './dial.js';
import { DialledSocket } from './dialled-socket.js';
import { SESSION, SESSION_OPTIONS } from './session.js';
import { matchesSession } from './session-kind.js';

const PRODUCT = 'hive-sync';

/** What pg_stat_activity shows. @param purpose such as `claims`; '' = the process's own pool */
const nameOf = ({ applicationName = PRODUCT }: PostgresAddress, purpose: string): string =>
  purpose === '' ? applicationName : `${applicationName} ${purpose}`;

/** A socket for a driver; the driver says nothing of hosts and TLS. */
function socketOf(address: PostgresAddress): DialledSocket {
  const socket = new DialledSocket(address.hosts[0], address.connectTimeoutMs, (signal) =>
    dial(address, (one, kind) => matchesSession(postgresJsOptions(one, 'probe'), kind), signal),
  );
  // What the connection string says of keep-alive goes before what the driver would set.
  if (address.keepAlive !== undefined) socket.setKeepAlive = () => socket;
  return socket;
}

/** For postgres(). @param made is told of each socket */
export function postgresJsOptions(
  address: PostgresAddress,
  purpose: string,
  made: (socket: DialledSocket) => void = () => {},
): postgres.Options<Record<string, never>> {
  const [{ host, port }] = address.hosts;
  const { user, password, database, options, connectTimeoutMs, hosts } = address;
  return {
    socket: () => {
      const socket = socketOf(address).connect();
      made(socket);
      return socket;
    },
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
    },
  } as unknown as postgres.Options<Record<string, never>>;
}

/** For pg.Client and pg.Pool. @param settings of the session, such as `-c search_path=bullmq`; they, and ours, win over the address's */
export function pgOptions(address: PostgresAddress, purpose: string, settings = ''): pg.ClientConfig {
  const [{ host, port }] = address.hosts;
  const { user, password, database, options = '' } = address;
  return {
    stream: () => socketOf(address),
    host,
    port,
    user,
    password: () => password,
    database,
    ssl: false,
    sslnegotiation: 'postgres',
    client_encoding: 'UTF8',
    application_name: nameOf(address, purpose),
    options: `${options} ${settings} ${SESSION_OPTIONS}`.trim(),
  } as unknown as pg.ClientConfig;
}
