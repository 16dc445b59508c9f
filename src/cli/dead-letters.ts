// hive-sync dead-letters: what could not be taken in, and why.
import { openStore, type Store } from '../app.js';
import { readConfig } from '../config.js';
import { type DeadLetter, listDeadLetters, readDeadLetter } from '../db/dead-letters.js';
import { UsageError } from '../errors.js';
import { openLog } from '../log.js';
import { chooseCollections } from './choose-collections.js';
import { inUtc, tableOf } from './format.js';
import { type Io, print } from './io.js';
import { requireSchema } from './status.js';
import { foregroundLevel } from './sync.js';

const KINDS = ['request', 'record', 'webhook'];

export interface ListOptions {
  readonly json: boolean;
  readonly all: boolean;
  readonly collection?: string;
  readonly kind?: string;
  readonly account?: string;
  readonly limit?: string;
}

async function withStore(io: Io, act: (store: Store) => Promise<number>): Promise<number> {
  const config = readConfig(io.env, { needsKey: false });
  const store = await openStore(config, { log: openLog(foregroundLevel(io.env), io.stderr) });
  try {
    await requireSchema(store);
    return await act(store);
  } finally {
    await store.close();
  }
}

export function listCommand(io: Io, options: ListOptions): Promise<number> {
  const collection = options.collection === undefined ? undefined : chooseCollections([options.collection])[0]?.name;
  if (options.kind !== undefined && !KINDS.includes(options.kind)) {
    throw new UsageError(`--kind is "${options.kind}". Expected one of: ${KINDS.join(', ')}.`);
  }
  const limit = Number(options.limit ?? 100);
  if (!Number.isInteger(limit) || limit < 1) {
    throw new UsageError(`--limit is "${options.limit}". Expected a whole number of at least 1.`);
  }
  return withStore(io, async ({ db }) => {
    const { account, kind, all } = options;
    const letters = await listDeadLetters(db, { account, collection, kind, all, limit });
    if (options.json) print(io, JSON.stringify(letters.map(toJson), null, 2));
    else if (letters.length === 0) print(io, 'No dead letters.');
    else {
      print(io, tableOf(['id', 'collection', 'kind', 'what', 'errors'], letters.map(toRow)));
      print(io, '\nOne of them whole, with its payload: hive-sync dead-letters show <id>');
    }
    return 0;
  });
}

export function showCommand(io: Io, id: string, { json }: { json: boolean }): Promise<number> {
  if (!/^\d{1,15}$/.test(id)) throw new UsageError(`"${id}" is not an id of a dead letter. Expected a whole number.`);
  return withStore(io, async ({ db }) => {
    const letter = await readDeadLetter(db, Number(id));
    if (letter === undefined)
      throw new UsageError(`There is no dead letter ${id}. See: hive-sync dead-letters list --all`);
    print(io, json ? JSON.stringify(toJson(letter), null, 2) : toText(letter));
    return 0;
  });
}

const toJson = ({ fingerprint: _, ...letter }: DeadLetter) => letter;

const toRow = (letter: DeadLetter): (string | number | null)[] => [
  String(letter.id),
  letter.collection,
  letter.kind,
  whatOf(letter),
  shorten(letter.errors.join('; '), 36),
];

function whatOf({ record_id, page, http_status, error_code }: DeadLetter): string {
  if (record_id !== null) return `record ${record_id}`;
  const place = page === null ? '' : `page ${page}`;
  return [place, http_status === null ? error_code : `HTTP ${http_status}`].filter(Boolean).join(', ');
}

const shorten = (text: string, length: number): string =>
  text.length <= length ? text : `${text.slice(0, length - 1)}…`;

function toText(letter: DeadLetter): string {
  const facts: [string, string | number | null][] = [
    ['account', letter.account],
    ['collection', letter.collection],
    ['kind', letter.kind],
    ['record', letter.record_id === null ? null : String(letter.record_id)],
    ['run', letter.run_id === null ? null : String(letter.run_id)],
    ['page', letter.page],
    ['url', letter.url],
    ['status', letter.http_status],
    ['code', letter.error_code],
    ['attempts', letter.attempts],
    ['first seen', inUtc(letter.first_seen_at)],
    ['last seen', inUtc(letter.last_seen_at)],
    ['resolved', letter.resolved_at === null ? 'no' : `${inUtc(letter.resolved_at)} (${letter.resolution})`],
  ];
  const lines = facts.filter(([, value]) => value !== null).map(([name, value]) => `${name.padEnd(12)}${value}`);
  const errors = letter.errors.map((error) => `  - ${error}`);
  const payload = letter.payload === null ? [] : ['payload', JSON.stringify(letter.payload, null, 2)];
  return [`Dead letter ${letter.id}`, ...lines, 'errors', ...errors, ...payload].join('\n');
}
