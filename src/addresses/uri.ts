// What stands behind the scheme of a server's URI → its pieces, decoded and not yet understood. Unlike a URL of the web it
// may name several hosts, and a password in it may hold characters that should have been encoded.
// Source: PostgreSQL documentation, "Connection URIs" (libpq, 34.1.1.2); RFC 3986, 3.2.
import { decodePercent } from './percent.js';

/** The pieces that were given; a piece that is not there is undefined. */
export interface Pieces {
  readonly user: string | undefined;
  readonly password: string | undefined;
  /** As lists with commas, each entry decoded; a port that was left out is ''. */
  readonly hosts: readonly { readonly host: string; readonly port: string }[];
  readonly database: string | undefined;
  /** In their order. */
  readonly parameters: readonly (readonly [name: string, value: string])[];
}

/**
 * User and password end at the last `@` before the first `/` or `?`. When that leaves something that is no address, the
 * password holds such characters itself: then it ends at a later `@` behind which an address stands.
 *
 * @param isParameter whether a name is one that such a URI may hold; tells a password apart that was not encoded
 * @returns undefined when it cannot be taken apart
 */
export function splitUri(text: string, isParameter: (name: string) => boolean): Pieces | undefined {
  const authority = /^[^/?]*/.exec(text)?.[0] ?? '';
  const asWritten = piecesOf(text, authority.lastIndexOf('@'));
  if (asWritten?.parameters.every(([name]) => isParameter(name))) return asWritten;
  for (let at = text.lastIndexOf('@'); at > 0; at = text.lastIndexOf('@', at - 1)) {
    if (!/^[^:/?]*:/.test(text.slice(0, at))) continue;
    const pieces = piecesOf(text, at);
    if (pieces?.parameters.every(([name]) => isParameter(name))) return pieces;
  }
  return asWritten;
}

/** @param at index of the `@` behind user and password; -1 = there are none */
function piecesOf(text: string, at: number): Pieces | undefined {
  const tail = /^([^/?]*)(?:\/([^?/@#]*))?(?:\?(.*))?$/s.exec(text.slice(at + 1));
  if (tail === null) return undefined;
  const [, hostList = '', database = '', query = ''] = tail;
  const hosts = hostList.split(',').map(hostOf);
  const parameters = query
    .split('&')
    .filter((pair) => pair !== '')
    .map(parameterOf);
  if (!hosts.every((host) => host !== undefined) || !parameters.every((pair) => pair !== undefined)) return undefined;
  const userinfo = at < 0 ? '' : text.slice(0, at);
  const colon = userinfo.indexOf(':');
  return {
    user: given(colon < 0 ? userinfo : userinfo.slice(0, colon)),
    password: colon < 0 ? undefined : given(userinfo.slice(colon + 1)),
    hosts: hostList === '' ? [] : hosts,
    database: given(database),
    parameters,
  };
}

/** IPv6 in brackets, a folder of sockets (`%2F…`, which may hold colons, as Cloud SQL's do), or a name. */
const HOST = /^(?:\[([0-9a-f:.]+(?:%[\w.-]+)?)\]|((?:%2f|%40|@)[^/]*?)|([^:[\]@#&=\s]*))(?::(\d*))?$/i;

function hostOf(text: string): { host: string; port: string } | undefined {
  const parts = HOST.exec(text);
  if (parts === null) return undefined;
  const [, v6, folder, name, port = ''] = parts;
  return { host: decodePercent(v6 ?? folder ?? name ?? ''), port };
}

function parameterOf(pair: string): readonly [string, string] | undefined {
  const [, name, value] = /^([\w.-]+)=(.*)$/s.exec(pair) ?? [];
  return name === undefined || value === undefined ? undefined : [name, decodePercent(value)];
}

const given = (text: string): string | undefined => (text === '' ? undefined : decodePercent(text));
