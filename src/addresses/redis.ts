// REDIS_URL → how to connect to one Redis. The rule: what cannot be honoured is said, never left out in silence.
// Sources: IANA, "redis" and "rediss" URI schemes; redis-py documentation, "SSL Connection Examples", for the names of the
// TLS parameters, as Redis has no standard for them.
import { accessSync, constants } from 'node:fs';
import { PERCENT_HINT } from './percent.js';
import { type Pieces, splitUri } from './uri.js';

/** Holds the password: never log it. */
export interface RedisAddress {
  /** A name or an address; for a socket its path. */
  readonly host: string;
  /** Default 6379; without meaning for a socket. */
  readonly port: number;
  readonly isSocket: boolean;
  /** Of Redis's ACL; undefined = the user `default`. */
  readonly username: string | undefined;
  readonly password: string | undefined;
  /** Number of the database. Default 0. */
  readonly db: number;
  /** 4 or 6 = only that kind of addresses; 0 = both. */
  readonly family: 0 | 4 | 6;
  /** undefined = without TLS. Certificates are paths. */
  readonly tls: RedisTls | undefined;
}

export interface RedisTls {
  /** undefined = Node's own list of public authorities, with those of NODE_EXTRA_CA_CERTS. */
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly verifies: 'nothing' | 'authority' | 'host';
}

const VARIABLE = 'REDIS_URL';
const FILES = ['ssl_ca_certs', 'ssl_certfile', 'ssl_keyfile'] as const;
const TLS_PARAMETERS = [...FILES, 'ssl_cert_reqs', 'ssl_check_hostname'];
/** `protocol` and `health_check_interval` have no effect: the client knows best. */
const PARAMETERS = new Set([...TLS_PARAMETERS, 'db', 'family', 'protocol', 'health_check_interval']);
const FOREIGN: Readonly<Record<string, string>> = {
  tls: 'write rediss:// instead of redis://',
  ssl: 'write rediss:// instead of redis://',
  ca: 'write ssl_ca_certs=<file>',
  rejectUnauthorized: 'write ssl_cert_reqs=none',
  password: 'write it before the host: redis://:<password>@host:6379',
  username: 'write it before the host: redis://<user>:<password>@host:6379',
  keyPrefix: 'leave it out: the queue has a prefix of its own',
  enableReadyCheck: 'leave it out',
  maxRetriesPerRequest: 'leave it out',
};

/**
 * @param problems gets a sentence for each thing that is wrong; none shows a password
 * @returns undefined when there was a problem
 */
export function readRedisAddress(text: string, problems: string[]): RedisAddress | undefined {
  const before = problems.length;
  const complain = (what: string) => problems.push(`${VARIABLE} ${what}`);
  const string = text.replace(/^(['"])(.*)\1$/s, '$2');
  const [, scheme = '', rest = ''] = /^([a-z][a-z+-]*):\/\/(.*)$/is.exec(string) ?? [];
  const refused = refusalOf(string, scheme.toLowerCase());
  if (refused !== undefined) {
    complain(refused);
    return undefined;
  }
  const isSocket = scheme.toLowerCase() === 'unix';
  const pieces = isSocket ? socketPieces(rest) : splitUri(rest, (name) => PARAMETERS.has(name) || name in FOREIGN);
  const [server, ...others] = pieces?.hosts ?? [];
  if (pieces === undefined || server === undefined || server.host === '') {
    complain(`is not usable: expected redis://user:password@host:6379/0. ${PERCENT_HINT}`);
    return undefined;
  }
  if (others.length > 0) complain(SEVERAL);
  const parameters = new Map(pieces.parameters);
  for (const name of parameters.keys()) if (!PARAMETERS.has(name)) complain(adviceOn(name));
  if (pieces.user !== undefined && pieces.password === undefined) {
    complain('has a user without a password: expected redis://user:password@host:6379, or redis://:password@host:6379');
  }
  const db = parameters.get('db') ?? pieces.database ?? '0';
  if (!/^\d{1,5}$/.test(db)) complain(`names the database "${db}": expected a number, as in redis://host:6379/0`);
  const family = parameters.get('family') ?? '0';
  if (!['0', '4', '6'].includes(family)) complain(`has family=${family}: expected 4, 6 or 0 for both`);
  const tls = tlsOf(parameters, scheme.toLowerCase() === 'rediss', complain);
  const port = portOf(server.port, complain);
  if (problems.length > before) return undefined;
  return {
    host: server.host,
    port,
    isSocket,
    username: pieces.user,
    password: pieces.password,
    db: Number(db),
    family: Number(family) as 0 | 4 | 6,
    tls,
  };
}

/** Host and port, without user and password: for messages. */
export const redisPlaceOf = ({ host, port, isSocket }: RedisAddress): string =>
  isSocket ? host : `${host.includes(':') ? `[${host}]` : host}:${port}`;

const SEVERAL = 'names several hosts: expected one Redis that is not in cluster mode';

/** undefined = go on. */
function refusalOf(text: string, scheme: string): string | undefined {
  if (['redis', 'rediss', 'unix'].includes(scheme)) return undefined;
  if (scheme.includes('sentinel')) {
    return 'is an address of Sentinels, which is not supported: expected redis://host:6379, with a name that follows the primary';
  }
  if (scheme.includes('cluster'))
    return 'is an address of a cluster: expected one Redis that is not in cluster mode, redis://host:6379';
  if (/^[\w.-]+:\d+,.*(password|ssl)=/i.test(text)) {
    return 'is in the form of StackExchange.Redis: expected rediss://:password@host:6380';
  }
  return `is not usable: expected redis://user:password@host:6379/0. ${PERCENT_HINT}`;
}

const adviceOn = (name: string): string =>
  `has a parameter that is not usable: "${name}" is unknown here: ${FOREIGN[name] ?? 'leave it out, or check its spelling'}`;

function socketPieces(rest: string): Pieces {
  const [path = '', query = ''] = rest.split('?', 2);
  const at = path.lastIndexOf('@');
  const pieces = splitUri(`${at < 0 ? '' : path.slice(0, at + 1)}socket?${query}`, () => true);
  return { ...none, ...pieces, hosts: [{ host: decodeURI(path.slice(at + 1)), port: '' }] };
}

const none: Pieces = { user: undefined, password: undefined, hosts: [], database: undefined, parameters: [] };

function portOf(text: string, complain: (what: string) => unknown): number {
  const port = text === '' ? 6_379 : Number(text);
  if (port < 1 || port > 65_535) complain(`has the port ${text}: expected a number from 1 to 65535`);
  return port;
}

function tlsOf(
  parameters: ReadonlyMap<string, string>,
  isWanted: boolean,
  complain: (what: string) => unknown,
): RedisTls | undefined {
  if (!isWanted) {
    const [useless] = TLS_PARAMETERS.filter((name) => parameters.has(name));
    if (useless !== undefined) complain(`has ${useless}, which needs TLS: write rediss:// instead of redis://`);
    return undefined;
  }
  const [ca, cert, key] = FILES.map((name) => {
    const file = parameters.get(name);
    if (file !== undefined) checkFile(name, file, complain);
    return file;
  });
  if ((cert === undefined) !== (key === undefined)) complain('needs both ssl_certfile and ssl_keyfile, or neither');
  const demanded = (parameters.get('ssl_cert_reqs') ?? 'required').toLowerCase().replace(/^cert_/, '');
  if (!['none', 'optional', 'required'].includes(demanded)) complain('has ssl_cert_reqs: expected none or required');
  const byName = !/^(false|0|no)$/i.test(parameters.get('ssl_check_hostname') ?? 'true');
  const verifies = demanded === 'none' ? 'nothing' : byName ? 'host' : 'authority';
  return { ca, cert, key, verifies };
}

function checkFile(name: string, file: string, complain: (what: string) => unknown): void {
  try {
    accessSync(file, constants.R_OK);
  } catch (error) {
    complain(`has ${name}=${file}, which cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
