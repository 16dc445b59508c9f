// hive-sync dead-letters list and show: what could not be taken in, and why.

import {
  type DeadLetter,
  type DeadLetterFilter,
  deadLetterKinds,
  listDeadLetters,
  whatOf,
} from '../db/dead-letters.js';
import { UsageError } from '../errors.js';
import type { Store } from '../store.js';
import { inUtc } from '../words.js';
import { chooseCollections } from './choose-collections.js';
import { tableOf } from './format.js';
import { type Io, print } from './io.js';
import { withStore } from './with-store.js';

export interface ChoiceOptions {
  readonly collection?: string;
  readonly kind?: string;
  readonly account?: string;
}

export interface ListOptions extends ChoiceOptions {
  readonly json: boolean;
  readonly all: boolean;
  readonly limit?: string;
}

/** @throws UsageError for a collection or kind that there is not */
export function readChoice({ account, collection, kind }: ChoiceOptions): DeadLetterFilter {
  if (kind !== undefined && !deadLetterKinds.some((one) => one === kind)) {
    throw new UsageError(`--kind is "${kind}". Expected one of: ${deadLetterKinds.join(', ')}.`);
  }
  return { account, kind, collection: collection === undefined ? undefined : chooseCollections([collection])[0]?.name };
}

/** @throws UsageError when one is no id of a dead letter */
export const readLetterIds = (texts: readonly string[]): number[] => [
  ...new Set(
    texts.map((text) => {
      if (/^\d{1,15}$/.test(text)) return Number(text);
      throw new UsageError(`"${text}" is not an id of a dead letter. Expected a whole number.`);
    }),
  ),
];

/** @throws UsageError when one does not exist */
export async function readLetters({ db }: Pick<Store, 'db'>, ids: readonly number[]): Promise<DeadLetter[]> {
  const letters = await listDeadLetters(db, { ids, all: true, limit: null });
  const missing = ids.filter((id) => !letters.some((letter) => letter.id === id));
  if (missing.length === 0) return letters.sort((a, b) => a.id - b.id);
  throw new UsageError(`There is no dead letter ${missing.join(', ')}. See: hive-sync dead-letters list --all`);
}

export function listCommand(io: Io, options: ListOptions): Promise<number> {
  const choice = readChoice(options);
  const limit = Number(options.limit ?? 100);
  if (!Number.isInteger(limit) || limit < 1) {
    throw new UsageError(`--limit is "${options.limit}". Expected a whole number of at least 1.`);
  }
  return withStore(io, async ({ db }) => {
    const letters = await listDeadLetters(db, { ...choice, all: options.all, limit });
    if (options.json) print(io, JSON.stringify(letters.map(toJson), null, 2));
    else if (letters.length === 0) print(io, 'No dead letters.');
    else {
      // Without --all each of them is open.
      const heads = ['id', 'collection', 'kind', 'what', ...(options.all ? ['state'] : []), 'errors'];
      print(
        io,
        tableOf(
          heads,
          letters.map((letter) => toRow(letter, options.all)),
        ),
      );
      print(io, `\nOne of them whole, with its payload: ${io.calledAs} dead-letters show <id>`);
    }
    return 0;
  });
}

export function showCommand(io: Io, id: string, { json }: { json: boolean }): Promise<number> {
  const ids = readLetterIds([id]);
  return withStore(io, async (store) => {
    for (const letter of await readLetters(store, ids)) {
      print(io, json ? JSON.stringify(toJson(letter), null, 2) : toText(letter));
    }
    return 0;
  });
}

export const toJson = ({ fingerprint: _, ...letter }: DeadLetter) => letter;

const toRow = (letter: DeadLetter, withState: boolean): (string | number | null)[] => [
  String(letter.id),
  letter.collection,
  letter.kind,
  whatOf(letter),
  ...(withState ? [letter.resolved_at === null ? 'open' : letter.resolution] : []),
  shorten(letter.errors.join('; '), 36),
];

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
    ['because', letter.resolution_reason],
  ];
  const lines = facts.filter(([, value]) => value !== null).map(([name, value]) => `${name.padEnd(12)}${value}`);
  // Further lines of an error are indented, too: none of them looks like a line of ours.
  const errors = letter.errors.map((error) => `  - ${error.replaceAll('\n', '\n    ')}`);
  const payload = letter.payload === null ? [] : ['payload', JSON.stringify(letter.payload, null, 2)];
  return [`Dead letter ${letter.id}`, ...lines, 'errors', ...errors, ...payload].join('\n');
}
