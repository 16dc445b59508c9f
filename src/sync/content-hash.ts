// Equal contents, equal hashes: the order of keys does not count, as jsonb does not keep it.
import { createHash } from 'node:crypto';

/** JSON text with the keys of every object sorted. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** SHA-256 of canonical JSON, base64url, 43 characters. */
export const contentHash = (canonical: string): string => createHash('sha256').update(canonical).digest('base64url');
