// What was said about a PostgreSQL server: in the connection string, then in the variables of libpq. Each value keeps
// where it came from, so that a message names the place to mend.
import { PERCENT_HINT } from './percent.js';
import {
  adviceOn,
  isParameter,
  PARAMETERS,
  type ParameterName,
  REFUSED_VARIABLES,
  WITHOUT_EFFECT,
} from './postgres-parameters.js';
import { splitConnectionString } from './postgres-split.js';
import type { Pieces } from './uri.js';

export interface Given {
  /** undefined = nowhere; an empty one counts as not given. */
  value(name: ParameterName): string | undefined;
  /** With commas between the entries; [] = not given. */
  list(name: ParameterName): string[];
  /** Complains about any other value and returns undefined. */
  oneOf<T extends string>(name: ParameterName, allowed: readonly T[]): T | undefined;
  /** Complains about anything else and returns the fallback. */
  wholeNumber(name: ParameterName, fallback: number): number;
  /** @param what goes on after the parameter's name; without a full stop */
  complain(name: ParameterName, what: string): void;
}

export interface Gathering {
  readonly variable: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly problems: string[];
}

/** @returns undefined when the string cannot be taken apart, or holds what is no parameter; the problems then say so */
export function gather(text: string, { variable, env, problems }: Gathering): Given | undefined {
  const complainOf = (what: string): undefined => {
    problems.push(`${variable} ${what}`);
  };
  const string = withoutWrapping(text);
  const refused = refusalOf(string);
  if (refused !== undefined) return complainOf(refused);
  const pieces = splitConnectionString(string, isParameter);
  if (pieces === undefined) {
    return complainOf(`is not usable: expected postgres://user:password@host:5432/database. ${PERCENT_HINT}`);
  }
  const before = problems.length;
  const said = valuesOf(pieces);
  for (const name of said.keys()) {
    if (!(name in PARAMETERS) && !WITHOUT_EFFECT.has(name))
      complainOf(`has a parameter that is not usable: ${adviceOn(name)}`);
  }
  for (const [name, parameter] of Object.entries(REFUSED_VARIABLES)) {
    if (env[name]?.trim()) problems.push(`${name} is set: ${adviceOn(parameter)}`);
  }
  for (const [name, value] of said) {
    if (value.includes('\0')) complainOf(`has a zero byte in "${name}", which PostgreSQL takes nowhere`);
  }
  return problems.length > before ? undefined : given(said, { variable, env, problems });
}

/** The page of a host may print a command, and a file for Docker keeps the quotes that a shell would remove. */
const withoutWrapping = (text: string): string =>
  text
    .replace(/^psql\s+/, '')
    .replace(/^(['"])(.*)\1$/s, '$2')
    .replace(/^jdbc:(?=postgresql:)/i, '')
    .replace(/^(postgres(?:ql)?)\+\w+:/i, '$1:');

/** undefined = go on. */
function refusalOf(string: string): string | undefined {
  if (/^prisma(\+postgres)?:/i.test(string)) {
    return "is an address of Prisma's own service: expected that of the PostgreSQL behind it, postgres://…";
  }
  if (/^(server|data source|host)\s*=\s*[^\s';]*;/i.test(string)) {
    return 'is in the form of .NET, with semicolons: expected postgres://user:password@host:5432/database';
  }
  return undefined;
}

/** A parameter wins over what stands before the question mark, as in libpq. */
function valuesOf({ user, password, hosts, database, parameters }: Pieces): Map<string, string> {
  const values = new Map<string, string>();
  const set = (name: string, value: string | undefined) => {
    if (value !== undefined && value !== '') values.set(name, value);
  };
  set('user', user);
  set('password', password);
  if (hosts.some(({ host }) => host !== '')) set('host', hosts.map(({ host }) => host).join());
  if (hosts.some(({ port }) => port !== '')) set('port', hosts.map(({ port }) => port).join());
  set('dbname', database);
  for (const [name, value] of parameters) set(name, value);
  return values;
}

function given(said: ReadonlyMap<string, string>, { variable, env, problems }: Gathering): Given {
  const find = (name: ParameterName): { value: string; place: string } | undefined => {
    const value = said.get(name);
    if (value !== undefined) return { value, place: `${name} in ${variable}` };
    const filling = PARAMETERS[name];
    const fromEnv = filling === '' ? '' : (env[filling] ?? '');
    return fromEnv === '' ? undefined : { value: fromEnv, place: filling };
  };
  const complain: Given['complain'] = (name, what) => {
    problems.push(`${find(name)?.place ?? `${name} in ${variable}`} ${what}`);
  };
  const value: Given['value'] = (name) => find(name)?.value;
  return {
    value,
    complain,
    list: (name) => value(name)?.split(',') ?? [],
    oneOf: <T extends string>(name: ParameterName, allowed: readonly T[]) => {
      const found = value(name);
      if (found === undefined) return undefined;
      const [match] = allowed.filter((one) => one === found);
      if (match === undefined) complain(name, `is "${found}": expected ${allowed.join(', ')}`);
      return match;
    },
    wholeNumber(name, fallback) {
      const found = value(name);
      if (found === undefined) return fallback;
      if (/^\d{1,7}$/.test(found.trim())) return Number(found);
      complain(name, `is "${found}": expected a whole number`);
      return fallback;
    },
  };
}
