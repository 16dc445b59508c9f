// The parameters of a PostgreSQL connection string, as data: which environment variable fills in for each, which mean
// nothing here, and what to do about those of other programs.
// Source: PostgreSQL documentation, "Parameter Key Words" (libpq, 34.1.2) and "Environment Variables" (libpq, 34.15).

/** Name → the variable that fills in what a connection string leaves open; '' = there is none. */
export const PARAMETERS = {
  host: 'PGHOST',
  hostaddr: 'PGHOSTADDR',
  port: 'PGPORT',
  dbname: 'PGDATABASE',
  user: 'PGUSER',
  password: 'PGPASSWORD',
  passfile: 'PGPASSFILE',
  application_name: 'PGAPPNAME',
  fallback_application_name: '',
  options: 'PGOPTIONS',
  connect_timeout: 'PGCONNECT_TIMEOUT',
  client_encoding: 'PGCLIENTENCODING',
  sslmode: 'PGSSLMODE',
  requiressl: 'PGREQUIRESSL',
  ssl: '',
  sslrootcert: 'PGSSLROOTCERT',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
  sslpassword: '',
  sslcrl: 'PGSSLCRL',
  sslsni: 'PGSSLSNI',
  ssl_min_protocol_version: 'PGSSLMINPROTOCOLVERSION',
  ssl_max_protocol_version: 'PGSSLMAXPROTOCOLVERSION',
  sslnegotiation: 'PGSSLNEGOTIATION',
  channel_binding: 'PGCHANNELBINDING',
  gssencmode: 'PGGSSENCMODE',
  keepalives: '',
  keepalives_idle: '',
  target_session_attrs: 'PGTARGETSESSIONATTRS',
  load_balance_hosts: 'PGLOADBALANCEHOSTS',
} as const;

export type ParameterName = keyof typeof PARAMETERS;

/**
 * Accepted, and without effect: what they ask for happens anyway, cannot be set in Node, or only tells where the string
 * comes from.
 */
export const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  'keepalives_interval', // Node always asks every second,
  'keepalives_count', // ten times
  'tcp_user_timeout',
  'sslcompression', // nothing is ever compressed
  'uselibpqcompat', // sslmode always has libpq's meaning
  'pgbouncer', // Prisma's; a pooler is recognised by its behaviour
  'pool_mode',
  'supa', // Supabase's mark
  'workaround', // Vercel's, for Supabase
]);

/** Among the settings of db/connection/session.ts. */
const OURS = 'leave it out: hive-sync sets it itself, for all of its sessions';

/** Parameters of other programs → what to do. */
const FOREIGN: Readonly<Record<string, string>> = {
  schema: "it is Prisma's. Leave it out: the tables have schemas of their own",
  connection_limit: "it is Prisma's. Leave it out, and set DATABASE_POOL",
  pool_timeout: "it is Prisma's. Leave it out",
  socket_timeout: "it is Prisma's. Leave it out",
  statement_cache_size: "it is Prisma's. Leave it out",
  sslaccept: "it is Prisma's. Write sslmode=verify-full, or sslmode=require where nothing is to be verified",
  sslidentity: "it is Prisma's. Write sslcert and sslkey",
  prepared_statement_cache_size: "it is asyncpg's. Leave it out",
  prepareThreshold: "it is JDBC's. Leave it out",
  sslfactory: "it is JDBC's. Write sslmode=verify-full&sslrootcert=<file>, or sslmode=require",
  socketFactory: "it is JDBC's. Write host=/cloudsql/<instance>, the folder of the proxy's socket",
  cloudSqlInstance: "it is JDBC's. Write host=/cloudsql/<instance>, the folder of the proxy's socket",
  currentSchema: "it is JDBC's. Leave it out: the tables have schemas of their own",
  max: "it is node-postgres's. Leave it out, and set DATABASE_POOL",
};

/** What PostgreSQL knows, by another name or in another place → what to do. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  search_path: 'leave it out: the tables have schemas of their own',
  statement_timeout: OURS,
  lock_timeout: OURS,
  idle_in_transaction_session_timeout: OURS,
  TimeZone: OURS,
  timezone: OURS,
  username: 'write user',
  database: 'write dbname, or /<name> behind the host',
  service: 'service files are not read; write out what it stands for',
  servicefile: 'service files are not read; write out what they stand for',
  replication: 'hive-sync uses no replication connection; leave it out',
  krbsrvname: 'Kerberos is not supported; use a password or a client certificate',
  gsslib: 'Kerberos is not supported; use a password or a client certificate',
  gssdelegation: 'Kerberos is not supported; use a password or a client certificate',
  require_auth: 'it is not supported; leave it out, and let pg_hba.conf of the server demand it',
  requirepeer: 'it is not supported; leave it out, and protect the folder of the socket',
  sslcertmode: 'it is not supported; leave it out',
  sslcrldir: 'write sslcrl with one file',
  min_protocol_version: 'leave it out; protocol 3.0 is used',
  max_protocol_version: 'leave it out; protocol 3.0 is used',
};

/** Variables of libpq that would change a connection and cannot be honoured. */
export const REFUSED_VARIABLES: Readonly<Record<string, string>> = {
  PGSERVICE: 'service',
  PGREQUIREAUTH: 'require_auth',
  PGREQUIREPEER: 'requirepeer',
  PGSSLCRLDIR: 'sslcrldir',
};

export const isParameter = (name: string): boolean =>
  [PARAMETERS, FOREIGN, ELSEWHERE].some((names) => Object.hasOwn(names, name)) || WITHOUT_EFFECT.has(name);

/** What to do about a parameter that is neither in PARAMETERS nor in WITHOUT_EFFECT: a clause without a full stop. */
export function adviceOn(name: string): string {
  if (Object.hasOwn(ELSEWHERE, name)) return `"${name}" cannot be set here: ${ELSEWHERE[name]}`;
  const foreign = Object.hasOwn(FOREIGN, name) ? FOREIGN[name] : 'leave it out, or check its spelling';
  return `"${name}" is not a parameter of PostgreSQL: ${foreign}`;
}
