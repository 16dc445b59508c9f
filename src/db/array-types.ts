// How arrays are read from PostgreSQL. By itself postgres.js asks each new connection which array types there are, and
// when that connection is lost meanwhile, it ends the process with a rejection that nobody can catch. So it does not ask
// (fetch_types: false), and is told of those that there are in our statements.
import type { PostgresType } from 'postgres';

type Read = (text: string) => unknown;

const asText: Read = (text) => text;
const asBoolean: Read = (text) => text === 't';

/** Oid of an array type, and how its elements are read. Dates and numeric are left to Drizzle, as text. */
const arrays: readonly (readonly [oid: number, read: Read])[] = [
  [1000, asBoolean], // bool[]
  [1003, asText], // name[]
  [1005, Number], // int2[]
  [1007, Number], // int4[]
  [1009, asText], // text[]
  [1015, asText], // varchar[]
  [1016, Number], // int8[]
  [1021, Number], // float4[]
  [1022, Number], // float8[]
  [1028, Number], // oid[]
  [2951, asText], // uuid[]
  [3807, JSON.parse], // jsonb[]
];

/** For the option `types` of postgres.js. Arrays are sent as their text. */
export const arrayTypes: Record<string, PostgresType> = Object.fromEntries(
  arrays.map(([oid, read]) => [
    `array${oid}`,
    { to: oid, from: [oid], serialize: (value: unknown) => value, parse: (text: string) => parseArray(text, read) },
  ]),
);

/** @param text as PostgreSQL writes it: {1,NULL,"a \"quoted\" one",{2}} */
export function parseArray(text: string, read: Read): unknown[] {
  // An array that does not begin at 1 says so before.
  let at = text.indexOf('{');
  const list = (): unknown[] => {
    const elements: unknown[] = [];
    at += 1;
    while (text[at] !== '}') {
      if (text[at] === '{') elements.push(list());
      else elements.push(text[at] === '"' ? read(quoted()) : bare());
      if (text[at] === ',') at += 1;
    }
    at += 1;
    return elements;
  };
  const quoted = (): string => {
    let value = '';
    for (at += 1; text[at] !== '"'; at += 1) {
      if (text[at] === '\\') at += 1;
      value += text[at];
    }
    at += 1;
    return value;
  };
  const bare = (): unknown => {
    const begin = at;
    while (text[at] !== ',' && text[at] !== '}') at += 1;
    const value = text.slice(begin, at);
    return value === 'NULL' ? null : read(value);
  };
  return list();
}
