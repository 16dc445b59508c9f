// hive-sync simulate: the Hive API as a program on a port, for trying things out and for tests.
import { readFileSync } from 'node:fs';
import { AddressError, describe, UsageError } from '../errors.js';
import { collectionNames, openSimulator, SimulatorOptionError, type SimulatorOptions } from '../simulator/index.js';
import { type Io, print } from './io.js';
import { untilAborted } from './until-aborted.js';

/** The newest shipment goes one step on. */
const STEP = '{"kind":"update","collection":"shipments","position":0,"step":true}';

export type SimulateOptions = Readonly<Record<string, string | undefined>>;

export async function simulateCommand(io: Io, options: SimulateOptions): Promise<number> {
  let simulator: Awaited<ReturnType<typeof openSimulator>>;
  try {
    simulator = await openSimulator(toSimulatorOptions(options));
  } catch (error) {
    if (error instanceof SimulatorOptionError) throw new UsageError(error.message, { cause: error });
    const { code, syscall, address, port } = error as { [field in 'code' | 'syscall' | 'address' | 'port']?: unknown };
    if (syscall !== 'listen' && syscall !== 'getaddrinfo') throw error;
    throw new AddressError(
      code === 'EADDRINUSE'
        ? `The simulator cannot listen on ${address}, port ${port}: another program listens there already. Stop it, or choose another --port.`
        : `The simulator cannot listen there (${describe(error)}). Choose another --host or --port.`,
      { cause: error },
    );
  }
  print(io, `The simulator serves ${simulator.url}`);
  print(io, `Try:   curl -H 'authorization: Bearer ${simulator.apiKey}' '${simulator.url}/orders?page=1'`);
  print(io, `Sync:  HIVE_API_URL=${simulator.url} HIVE_API_KEY=${simulator.apiKey} ${io.calledAs} sync`);
  if (options.webhooks !== undefined) {
    print(io, `Webhooks go to ${options.webhooks} when a status changes, for example by:`);
    print(io, `       curl -d '${STEP}' ${simulator.origin}/__apply`);
  }
  print(io, 'Stop it with Ctrl-C.');
  await untilAborted(io.signal);
  const { requests, rateLimited } = simulator.stats();
  await simulator.close();
  print(io, `${requests} requests served, ${rateLimited} refused with 429.`);
  return 0;
}

/** Long options with dashes; sizes per collection: --orders 5000. A script file holds faults and drift as JSON. */
function toSimulatorOptions(options: SimulateOptions): SimulatorOptions {
  const number = (name: string): number | undefined => {
    const text = options[name];
    if (text === undefined) return undefined;
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value))
      throw new UsageError(`--${name} is "${text}". Expected a number.`);
    return value;
  };
  const sizes = Object.fromEntries(
    collectionNames.flatMap((name) => {
      const size = number(camel(name));
      return size === undefined ? [] : [[name, size]];
    }),
  );
  const limit = options.rateLimit === 'unlimited' ? undefined : number('rateLimit');
  const rate =
    options.rateLimit === 'unlimited'
      ? ('unlimited' as const)
      : withoutUndefined({
          limit,
          windowMs: number('rateWindow'),
          kind: oneOf(options.rateKind, 'rate-kind', ['rolling', 'fixed'] as const),
          retryAfter: oneOf(options.retryAfter, 'retry-after', [
            'fraction',
            'integer',
            'date',
            'zero',
            'none',
            'garbage',
          ] as const),
        });
  return withoutUndefined({
    port: number('port'),
    host: options.host,
    seed: number('seed'),
    apiKey: options.key,
    latencyMs: number('latency'),
    sizes,
    rate,
    ...readScript(options.script),
    webhooks: options.webhooks === undefined ? undefined : { url: options.webhooks },
  });
}

const camel = (name: string): string => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

function oneOf<const T extends readonly string[]>(
  given: string | undefined,
  name: string,
  allowed: T,
): T[number] | undefined {
  if (given === undefined || allowed.includes(given)) return given;
  throw new UsageError(`--${name} is "${given}". Expected one of: ${allowed.join(', ')}.`);
}

function readScript(file: string | undefined): Pick<SimulatorOptions, 'faults' | 'drift'> {
  if (file === undefined) return {};
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Pick<SimulatorOptions, 'faults' | 'drift'>;
  } catch (error) {
    throw new UsageError(`--script ${file} cannot be read. Expected JSON such as {"faults":[],"drift":[]}.`, {
      cause: error,
    });
  }
}

type Defined<T> = { [K in keyof T]: Exclude<T[K], undefined> };
const withoutUndefined = <T extends object>(object: T): Partial<Defined<T>> =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Partial<Defined<T>>;
