// hive-sync explain: where a record was seen, when it changed, why it is missing, and what would bring it back.
import { readConfig } from '../config.js';
import { findRecords, readProved, readSightings, type Sightings } from '../db/sightings.js';
import { UsageError } from '../errors.js';
import { tableName } from '../schema-names.js';
import type { Collection } from '../sync/collection.js';
import { counted } from '../words.js';
import { chooseCollections } from './choose-collections.js';
import { inLines, styled, tableOf } from './format.js';
import { type Io, print } from './io.js';
import { withStore } from './with-store.js';

export interface ExplainOptions {
  readonly account?: string;
  readonly json: boolean;
}

/** What is the matter with a record, in a word for programs and in a sentence. */
export interface Answer {
  readonly state:
    | 'there'
    | 'deleted'
    | 'dead_letter'
    | 'gone'
    | 'not_read_yet'
    | 'being_read'
    | 'maybe_missed'
    | 'not_listed';
  readonly because: string;
  /** The command that brings it, or brings it up to date. */
  readonly command: string;
}

export async function explainCommand(io: Io, name: string, text: string, options: ExplainOptions): Promise<number> {
  const [collection, ...more] = chooseCollections([name]);
  if (collection === undefined || more.length > 0) {
    throw new UsageError('An id belongs to one collection: name it, such as hive-sync explain orders 17.');
  }
  const id = /^[1-9]\d*$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : undefined;
  if (id === undefined && collection.merchantKey === undefined) {
    throw new UsageError(`"${text}" cannot be the id of a ${collection.singular}. Expected a positive whole number.`);
  }
  const labels = readConfig(io.env, { needsKey: false }).accounts.map(({ label }) => label);
  if (options.account !== undefined && !labels.includes(options.account)) {
    throw new UsageError(`There is no account "${options.account}". Expected one of: ${labels.join(', ')}.`);
  }
  const accounts = options.account === undefined ? labels : [options.account];
  return withStore(io, async ({ db }) => {
    const { name: table, pgTable, merchantKey } = collection;
    const known = await findRecords(db, { collection: table, pgTable, merchantKey }, { id, text }, accounts);
    // One that nobody knows can still have been seen in a list.
    const found = known.length > 0 || id === undefined ? known : accounts.map((account) => ({ account, id }));
    const explained = [];
    for (const record of found) {
      const sightings = await readSightings(db, { ...record, collection: table, pgTable });
      const flag = labels.length > 1 ? ` --account ${record.account}` : '';
      explained.push({
        collection: table,
        ...record,
        ...answerOn(collection, record.id, sightings, flag),
        ...sightings,
      });
    }
    if (options.json) print(io, JSON.stringify(explained, null, 2));
    else if (explained.length === 0) {
      const proved = await Promise.all(accounts.map((account) => readProved(db, account, table)));
      print(io, unknownText(collection, text, proved));
    } else for (const one of explained) printExplained(io, collection, one);
    return 0;
  });
}

/** Of several accounts the one whose proof is the oldest speaks. */
function unknownText(
  { name, singular, merchantKey }: Collection,
  text: string,
  proved: readonly Sightings['proved'][],
): string {
  const wholes = proved.map(({ whole_as_of: at }) => at);
  const since = wholes.includes(null)
    ? `${name} was never proved as a whole, so it may be missing.`
    : `The whole list was last proved as of ${words([...wholes].sort()[0] ?? null)}: it came after that, or Hive has none.`;
  return `No ${singular} has ${merchantKey} ${text}, neither in ${tableName(name)} nor in a dead letter.\n${inLines(since)}\nIf Hive has it, a full sync brings it:\n  hive-sync sync ${name} --full`;
}

/** The first reason that holds, from what is certain to what is only likely. */
export function answerOn({ name, singular }: Collection, id: number, facts: Sightings, flag: string): Answer {
  const { row, letters, lookups, proved, list } = facts;
  const refresh = `hive-sync refresh ${name} ${id}${flag}`;
  const full = `hive-sync sync ${name} --full`;
  const letter = letters.find(({ resolution }) => resolution === null);
  if (letter !== undefined) {
    const what = row === null ? 'It could not be taken in' : 'It is there, but a later version could not be taken in';
    return {
      state: 'dead_letter',
      because: `${what}: dead letter ${letter.letter} (${letter.errors.join('; ')}).`,
      command: `hive-sync dead-letters retry ${letter.letter}`,
    };
  }
  if (row !== null && row.deleted_at !== null) {
    const because = `It is there as deleted: Hive said ${words(row.deleted_at)} that there is no such ${singular}.`;
    return { state: 'deleted', because, command: refresh };
  }
  if (row !== null) return { state: 'there', because: `It is in ${tableName(name)}.`, command: refresh };
  const gone = lookups.find(({ outcome }) => outcome === 'gone');
  if (gone !== undefined) {
    const because = `It is missing: Hive said ${words(gone.at)} that there is no such ${singular}.`;
    return { state: 'gone', because, command: refresh };
  }
  if (facts.isBeingRead) {
    return {
      state: 'being_read',
      because: `It is missing so far: ${name} is being read now.`,
      command: 'hive-sync status',
    };
  }
  if (list === null) {
    return { state: 'not_read_yet', because: `It is missing: ${name} was never read as a whole.`, command: full };
  }
  if (facts.unreadPages > 0) {
    const because = `It may have been missed: ${counted(facts.unreadPages, 'page')} of ${name} could not be read.`;
    return { state: 'maybe_missed', because, command: `hive-sync dead-letters retry --collection ${name}` };
  }
  const { whole_as_of: wholeAsOf, whole_run: wholeRun, new_up_to: newUpTo } = proved;
  if (list.state !== 'certified') {
    const before =
      wholeAsOf === null ? '' : ` The list as of ${words(wholeAsOf)} (run ${wholeRun}) is proved and did not hold it.`;
    const because = `It may have been missed: the last list of ${name} (run ${list.run}) is ${list.state}${list.reason === null ? '' : `, as ${list.reason}`}.${before}`;
    return { state: 'maybe_missed', because, command: full };
  }
  if (wholeAsOf === null) {
    const because = `It may have been missed: the list of ${name} was read (run ${list.run}), and nothing is proved of the whole of it yet.`;
    return { state: 'maybe_missed', because, command: full };
  }
  const seen = lastSeen(facts);
  if (seen !== undefined && seen >= wholeAsOf) {
    const because = `It may have been missed: it was seen ${words(seen)}, and the whole list was last proved as of ${words(wholeAsOf)} (run ${wholeRun}). It may be older than what is new since, back-dated or deleted.`;
    return { state: 'maybe_missed', because, command: full };
  }
  const since =
    newUpTo !== null && newUpTo > wholeAsOf
      ? `One that came since is back-dated, or newer than ${words(newUpTo)}, up to when new ones are in.`
      : 'If Hive has it, it came since.';
  const because = `Hive had no such ${singular} as of ${words(wholeAsOf)}: the whole list is proved as of then (run ${wholeRun}) and does not hold it. ${since}`;
  return { state: 'not_listed', because, command: refresh };
}

/** When somebody last showed it: a page, a lookup that found it, a webhook. */
function lastSeen({ pages, lookups, webhooks }: Sightings): string | undefined {
  const found = lookups.filter(({ outcome }) => outcome === 'written' || outcome === 'unchanged');
  const all = [...pages, ...found, ...webhooks].flatMap(({ at }) => (at === null ? [] : [at]));
  return all.sort().at(-1);
}

const words = (at: string | null): string =>
  at === null ? 'at some time' : at.replace('T', ' ').replace(/\.\d+Z$/, ' UTC');

function printExplained(
  io: Io,
  { singular }: Collection,
  one: Answer & Sightings & { readonly account: string; readonly id: number },
): void {
  const { row, pages, lookups, webhooks, changes } = one;
  print(io, styled(io.stdout, 'bold', `${singular} ${one.id}, account ${one.account}`));
  print(io, inLines(one.because));
  if (row !== null) {
    const by = row.run === null ? row.source : `${row.source}, run ${row.run}`;
    print(io, `\nfirst seen    ${words(row.first_seen_at)}\nchanged       ${words(row.changed_at)}`);
    print(io, `this version  ${words(row.fetched_at)} (${by})`);
    if (row.lost !== null) {
      const what = `could not be read in this version: ${row.lost.join(', ')} (the values are older ones, or missing)`;
      print(io, inLines(`not readable  ${what}`));
    }
  }
  const seen: [string | null, string][] = [
    ...pages.map(({ at, run, mode, page }): [string, string] => [at, `page ${page}, run ${run} (${mode})`]),
    ...lookups.map(({ at, run, outcome, state }): [string | null, string] => [
      at,
      `asked for, run ${run}: ${outcome ?? state}`,
    ]),
    ...webhooks.map(({ at, delivery, outcome }): [string, string] => [
      at,
      `webhook ${delivery}: ${outcome ?? 'waits'}`,
    ]),
  ];
  seen.sort(([a], [b]) => ((a ?? '') < (b ?? '') ? 1 : -1));
  print(io, seen.length === 0 ? '\nIt was seen in no page, lookup or webhook that is still on file.' : '\nSeen');
  for (const [at, what] of seen) print(io, `  ${words(at)}  ${what}`);
  if (changes.length > 0) {
    print(io, '\nChanges that were observed');
    const rows = changes.map((change) => [words(change.at), change.field, change.old, change.new, change.source]);
    print(io, tableOf(['at', 'field', 'from', 'to', 'by'], rows));
  }
  print(io, `\n${one.state === 'there' ? 'To fetch it again:' : 'What may bring it back:'}\n  ${one.command}\n`);
}
