// A PostgreSQL connection string → its pieces, decoded and not yet understood. Both forms of libpq: the URI and
// keyword=value. Source: PostgreSQL documentation, "Connection Strings" (libpq, 34.1.1).
import { type Pieces, splitUri } from './uri.js';

const SCHEME = /^postgres(?:ql)?:\/\//i;

/**
 * @param isParameter as splitUri() takes it
 * @returns undefined when it is neither form
 */
export function splitConnectionString(text: string, isParameter: (name: string) => boolean): Pieces | undefined {
  const scheme = SCHEME.exec(text);
  if (scheme !== null) return splitUri(text.slice(scheme[0].length), isParameter);
  return /^\s*[a-z_]+\s*=/i.test(text) ? splitKeywords(text) : undefined;
}

/** host=… port=… with quotes where a value holds spaces. */
function splitKeywords(text: string): Pieces | undefined {
  const pair = /\s*([a-z_]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s\\']|\\.)*))(?=\s|$)/giy;
  const parameters: (readonly [string, string])[] = [];
  const trimmed = text.trim();
  while (pair.lastIndex < trimmed.length) {
    const [, name, quoted, plain] = pair.exec(trimmed) ?? [];
    if (name === undefined) return undefined;
    parameters.push([name, (quoted ?? plain ?? '').replace(/\\(.)/gs, '$1')]);
  }
  return { user: undefined, password: undefined, hosts: [], database: undefined, parameters };
}
