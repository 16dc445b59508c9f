// sslmode and its companions → what a connection must be like. Sources: PostgreSQL documentation, "SSL Support" (libpq,
// 34.19), and "Parameter Key Words" (34.1.2).
import { accessSync, constants, existsSync } from 'node:fs';
import type { Given } from './postgres-given.js';

export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';

/** Certificates are paths; the files are read at each new connection, so that they may be renewed. */
export interface Tls {
  /** False: a server that offers no TLS gets a plain connection. */
  readonly isRequired: boolean;
  /** `authority`: some authority of `ca` has signed the server's certificate. `host`: and it is for the host's name. */
  readonly verifies: 'nothing' | 'authority' | 'host';
  /** undefined = Node's own list of public authorities, with those of NODE_EXTRA_CA_CERTS. */
  readonly ca: string | undefined;
  readonly revoked: string | undefined;
  readonly client: { readonly cert: string; readonly key: string; readonly password: string | undefined } | undefined;
  /** Whether the host's name is sent before the encryption starts, for proxies. */
  readonly sendsName: boolean;
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion | undefined;
  /** TLS from the first byte, without asking the server for it. */
  readonly isDirect: boolean;
  /** What asked for the verification, for the message when it fails. */
  readonly asked: string;
}

const MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full', 'no-verify'] as const;
type Mode = (typeof MODES)[number];
const VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const;

/**
 * | sslmode     | TLS                            | the certificate                                                    |
 * | ----------- | ------------------------------ | ------------------------------------------------------------------ |
 * | disable     | never                          |                                                                    |
 * | allow       | as prefer: libpq would first try without | not checked                                              |
 * | prefer      | where the server has it (the default)    | not checked                                              |
 * | require     | always                         | with sslrootcert as verify-ca, else not checked                    |
 * | no-verify   | always (node-postgres's)       | not checked, whatever sslrootcert says                             |
 * | verify-ca   | always                         | signed by an authority of sslrootcert                              |
 * | verify-full | always                         | and made for the host's name                                       |
 *
 * A server whose pg_hba.conf refuses TLS (hostnossl) refuses prefer too, where libpq would try again without: write
 * sslmode=disable.
 *
 * sslrootcert defaults to ~/.postgresql/root.crt where that file is; `system` stands for public authorities and makes
 * verify-full the mode. Other than in libpq, verify-full without any of these takes the public authorities.
 *
 * channel_binding=require: no driver here binds channels. It protects against a server in between, and so does
 * verify-full, which takes its place.
 */
export function tlsOf(given: Given, home: string | undefined): Tls | undefined {
  const inHome = (name: string): string | undefined => {
    const file = `${home ?? ''}/.postgresql/${name}`;
    return home !== undefined && existsSync(file) ? file : undefined;
  };
  const root = given.value('sslrootcert') ?? inHome('root.crt');
  const binding = given.oneOf('channel_binding', ['disable', 'prefer', 'require']) === 'require';
  const mode = modeOf(given, root);
  const isDirect = given.oneOf('sslnegotiation', ['postgres', 'direct']) === 'direct';
  if (isDirect && ['disable', 'allow', 'prefer'].includes(mode)) {
    given.complain('sslnegotiation', 'is "direct", which needs sslmode=require or a stronger one');
  }
  if (binding && mode === 'disable')
    given.complain('channel_binding', 'is "require", which needs TLS: change sslmode=disable');
  if (mode === 'disable') return undefined;
  const verifies = binding ? 'host' : verificationOf(mode, root);
  if (verifies === 'authority' && root === undefined) {
    given.complain(
      'sslmode',
      'is "verify-ca", which needs sslrootcert=<file>; with a public authority use verify-full',
    );
  }
  const ca = root === 'system' || verifies === 'nothing' ? undefined : root;
  const revoked = given.value('sslcrl');
  if (ca !== undefined) checkFile(given, 'sslrootcert', ca);
  if (revoked !== undefined) checkFile(given, 'sslcrl', revoked);
  return {
    isRequired: binding || !['allow', 'prefer'].includes(mode),
    verifies,
    ca,
    revoked,
    client: clientOf(given, inHome),
    sendsName: given.oneOf('sslsni', ['0', '1']) !== '0',
    minVersion: given.oneOf('ssl_min_protocol_version', VERSIONS) ?? 'TLSv1.2',
    maxVersion: given.oneOf('ssl_max_protocol_version', VERSIONS),
    isDirect,
    asked: binding && mode !== 'verify-full' ? 'channel_binding=require' : `sslmode=${mode}`,
  };
}

function modeOf(given: Given, root: string | undefined): Mode {
  const written = given.oneOf('sslmode', MODES);
  const mode = written ?? sslOf(given) ?? (given.oneOf('requiressl', ['0', '1']) === '1' ? 'require' : undefined);
  if (root === 'system' && mode !== undefined && mode !== 'verify-full') {
    given.complain('sslrootcert', 'is "system", which needs sslmode=verify-full');
  }
  return mode ?? (root === 'system' ? 'verify-full' : 'prefer');
}

/** `ssl` of JDBC, node-postgres and asyncpg; ssl=true means sslmode=require, as libpq reads it. */
function sslOf(given: Given): Mode | undefined {
  const found = given.value('ssl');
  if (found === undefined) return undefined;
  if (/^(true|1|on)$/i.test(found)) return 'require';
  if (/^(false|0|off)$/i.test(found)) return 'disable';
  return given.oneOf('ssl', MODES);
}

function verificationOf(mode: Mode, root: string | undefined): Tls['verifies'] {
  if (mode === 'verify-full') return 'host';
  if (mode === 'verify-ca') return 'authority';
  return mode === 'require' && root !== undefined ? 'authority' : 'nothing';
}

function clientOf(given: Given, inHome: (name: string) => string | undefined): Tls['client'] {
  const cert = given.value('sslcert') ?? inHome('postgresql.crt');
  const key = given.value('sslkey') ?? inHome('postgresql.key');
  if (cert === undefined) {
    if (given.value('sslkey') !== undefined) given.complain('sslkey', 'is set without sslcert');
    return undefined;
  }
  if (key === undefined) {
    given.complain('sslcert', 'is set without sslkey, the file of its private key');
    return undefined;
  }
  checkFile(given, 'sslcert', cert);
  checkFile(given, 'sslkey', key);
  return { cert, key, password: given.value('sslpassword') };
}

function checkFile(given: Given, name: 'sslrootcert' | 'sslcrl' | 'sslcert' | 'sslkey', file: string): void {
  try {
    accessSync(file, constants.R_OK);
  } catch (error) {
    given.complain(name, `names ${file}, which cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
