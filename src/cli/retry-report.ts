// What a retry of dead letters would ask for, and what came of it.

import { collectionNamed } from '../collections/index.js';
import type { Account } from '../config.js';
import type { Db } from '../db/database.js';
import { listDeadLetters, whatOf } from '../db/dead-letters.js';
import { type Lookup, readLookups } from '../db/lookups.js';
import type { Planned } from '../sync/letters/retry-letters.js';
import { tableOf } from './format.js';
import { type Io, print } from './io.js';

interface Output {
  readonly json: boolean;
}

export function printPlan(io: Io, accounts: readonly Account[], planned: readonly Planned[], { json }: Output): void {
  const lines = planned.map((one) => ({ ...one, requests: requestsOf(accounts, one) }));
  const all = new Set(lines.flatMap(({ letter, requests }) => requests.map((url) => `${letter.account} ${url}`)));
  if (json) {
    const letters = lines.map(({ letter, plan, requests }) => ({
      id: letter.id,
      collection: letter.collection,
      kind: letter.kind,
      would: plan.do,
      requests,
      because: plan.do === 'leave' ? plan.because : null,
    }));
    print(io, JSON.stringify({ requests: all.size, letters }, null, 2));
    return;
  }
  if (lines.length === 0) {
    print(io, 'No open dead letters match.');
    return;
  }
  for (const { letter, plan, requests } of lines) {
    const what =
      plan.do === 'leave'
        ? `stays: ${plan.because}`
        : plan.do === 'read payload'
          ? 'its stored payload would be read again, no request'
          : plan.do === 'read list'
            ? `all of ${letter.collection} would be read again: where the records of that page are now is not known`
            : requests.map((url) => `GET ${url}`).join('\n    ');
    print(io, `${letter.id}  ${letter.collection} ${whatOf(letter)}\n    ${what}`);
  }
  const hasPages = lines.some(({ plan }) => plan.do === 'read pages');
  const requests = `${all.size} request${all.size === 1 ? '' : 's'}`;
  print(io, `\n${hasPages ? `At least ${requests}` : requests}. Nothing was changed.`);
  if (hasPages) {
    print(
      io,
      'With a page those around it are read, which prove that its records are all there, wherever they are now.',
    );
  }
}

function requestsOf(accounts: readonly Account[], { letter, plan }: Planned): string[] {
  const base = accounts.find(({ label }) => label === letter.account)?.apiUrl ?? '';
  if (plan.do === 'ask for record') {
    return [`${base}${collectionNamed(letter.collection)?.path ?? ''}/${plan.recordId}`];
  }
  if (plan.do !== 'read pages') return [];
  return plan.window.pages.map((page) => {
    const url = new URL(letter.url ?? base);
    url.searchParams.set('page', String(page));
    return url.href;
  });
}

/** @returns how many of the letters are open still */
export async function printRetried(
  io: Io,
  db: Db,
  planned: readonly Planned[],
  problems: ReadonlyMap<number, string>,
  runIds: readonly number[],
  json: boolean,
): Promise<number> {
  const ids = planned.map(({ letter }) => letter.id);
  const letters = ids.length === 0 ? [] : await listDeadLetters(db, { ids, all: true, limit: null });
  letters.sort((a, b) => a.id - b.id);
  const lookups = (await Promise.all(runIds.map((runId) => readLookups(db, runId)))).flat();
  const ends = letters.map((letter) => ({
    ...letter,
    because:
      problems.get(letter.id) ??
      (letter.resolved_at === null ? (unconfirmed(lookups, letter) ?? letter.errors.join('; ')) : null),
  }));
  const open = ends.filter(({ resolved_at }) => resolved_at === null);
  if (json) {
    const short = ends.map(({ id, account, collection, kind, record_id, page, resolution, because }) => ({
      ...{ id, account, collection, kind, record_id, page, resolution, because },
    }));
    print(io, JSON.stringify({ runs: runIds, letters: short }, null, 2));
    return open.length;
  }
  if (ends.length === 0) print(io, 'No open dead letters match.');
  else {
    const rows = ends.map((end) => [String(end.id), end.collection, whatOf(end), end.resolution ?? 'still open']);
    print(io, tableOf(['id', 'collection', 'what', 'outcome'], rows));
  }
  for (const { id, because } of ends.filter((end) => end.because !== null))
    print(io, `\nDead letter ${id}: ${because}.`);
  return open.length;
}

function unconfirmed(
  lookups: readonly Lookup[],
  { account, collection, record_id }: { account: string; collection: string; record_id: number | null },
): string | undefined {
  const own = lookups.find(
    (one) => one.account === account && one.collection === collection && one.record_id === record_id,
  );
  return own?.outcome === 'unconfirmed'
    ? 'the API answers 404, but it has not shown that it knows single records of this collection right then, or too many are gone at once'
    : undefined;
}
