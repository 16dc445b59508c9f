// Equal contents, equal hashes: the order of keys does not count, as jsonb does not keep it.
import { createHash } from 'node:crypto';

/** JSON text with the keys of every object sorted. Built by hand: a replacer would copy every object first. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const object = value as Readonly<Record<string, unknown>>;
  const entries = Object.keys(object)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(object[key])}`);
  return `{${entries.join(',')}}`;
}

/** SHA-256 of canonical JSON, base64url, 43 characters. */
export const contentHash = (canonical: string): string => createHash('sha256').update(canonical).digest('base64url');
