// Certificates of a test's own, made by the openssl of this machine: an authority, and what it signs.
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { serverAccount } from '../../src/db/embedded/account.js';

export interface Authority {
  /** Its own certificate, a file. */
  readonly ca: string;
  /** @param names as `DNS:localhost`, `IP:127.0.0.1`. @param commonName of the subject; a database user for a client */
  sign(names: readonly string[], commonName?: string): { cert: string; key: string };
  /** Removes all files. */
  close(): void;
}

export function openAuthority(): Authority {
  const folder = mkdtempSync(path.join(tmpdir(), 'hive-sync-ca-'));
  chmodSync(folder, 0o755);
  const at = (name: string) => path.join(folder, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const ca = at('ca.crt');
  openssl('req', '-x509', ...newKey, '-keyout', at('ca.key'), '-out', ca, '-days', '2', '-subj', '/CN=hive-sync test');
  let made = 0;
  return {
    ca,
    sign(names, commonName = 'server') {
      made += 1;
      const [cert, key, request, extensions] = ['crt', 'key', 'csr', 'ext'].map((ending) => at(`${made}.${ending}`));
      if (cert === undefined || key === undefined || request === undefined || extensions === undefined)
        throw new Error();
      writeFileSync(
        extensions,
        names.length === 0 ? 'basicConstraints=CA:FALSE\n' : `subjectAltName=${names.join()}\n`,
      );
      openssl('req', ...newKey, '-keyout', key, '-out', request, '-subj', `/CN=${commonName}`);
      const by = ['-CA', ca, '-CAkey', at('ca.key'), '-CAcreateserial', '-days', '2', '-extfile', extensions];
      openssl('x509', '-req', '-in', request, '-out', cert, ...by);
      // PostgreSQL reads its key as its own user, and wants nobody else to.
      chmodSync(key, 0o600);
      const { uid, gid } = serverAccount('/nowhere');
      if (uid !== undefined && gid !== undefined) chownSync(key, uid, gid);
      return { cert, key };
    },
    close: () => rmSync(folder, { recursive: true, force: true }),
  };
}
