// Judges what the tables say against the full history of the account, after every act. It believes the view sync.proofs
// word for word, and nothing else.
import { collections } from '../../../src/collections/index.js';
import type { Db } from '../../../src/db/database.js';
import type { Run } from '../../../src/db/ledger.js';
import type { CollectionName } from '../../../src/simulator/index.js';
import type { Collection } from '../../../src/sync/collection.js';
import { type Excuse, fellIntoTheHole } from './excuses.js';
import {
  type CertifiedWindow,
  type Proof,
  readCertified,
  readProofs,
  readRows,
  readStatusChanges,
  type StoredRow,
} from './stored.js';
import { SLACK_MS, TruePast } from './true-past.js';
import type { World } from './world.js';

export interface Violation {
  readonly what: string;
  readonly detail: string;
}

/** A head is read down to an hour before what was proved (docs/design.md 4.7). */
const HEAD_OVERLAP_MS = 59 * 60_000;

export class Oracle {
  readonly #excused = new Map<Excuse, number>();
  /** Per record, the place of the version that it was seen in last. */
  readonly #seen = new Map<string, number>();
  /** Per collection: is the whole list that proves the most excused, and a head since? When was the last of it read? */
  readonly #holes = new Map<string, { whole: boolean; head: boolean; readTo: number }>();
  readonly #windows = new Set<number>();
  #violations: Violation[] = [];

  constructor(
    private readonly db: () => Db,
    private readonly world: World,
    private readonly account: string,
    private readonly names: readonly CollectionName[],
  ) {}

  get excused(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#excused);
  }

  /** @param run that has ended just now @returns what is not as promised; empty = all is well */
  async look(run?: Run): Promise<readonly Violation[]> {
    this.#violations = [];
    const windows = await readCertified(this.db(), this.account, this.#windows);
    for (const window of windows) {
      this.#windows.add(Number(window.id));
      this.#noteHole(window);
    }
    const proofs = await readProofs(this.db(), this.account);
    for (const collection of collections.filter(({ name }) => this.names.includes(name as CollectionName))) {
      const rows = new Map((await readRows(this.db(), collection, this.account)).map((row) => [row.id, row]));
      const past = new Map(
        [...this.world.simulator.versions(collection.name as CollectionName)].map(([id, own]) => [
          id,
          new TruePast(own),
        ]),
      );
      this.#judgeRows(collection, rows, past);
      const proof = proofs.find((one) => one.collection === collection.name);
      if (proof !== undefined) this.#judgeProof(collection, proof, rows, past, run);
      for (const window of windows) {
        if (window.collection === collection.name && window.kind === 'range') this.#judgeRange(window, rows, past);
      }
      await this.#judgeStatusChanges(collection, rows, past);
    }
    return this.#violations;
  }

  /** What holds for every row at any time. */
  #judgeRows({ name }: Collection, rows: ReadonlyMap<number, StoredRow>, past: ReadonlyMap<number, TruePast>): void {
    for (const row of rows.values()) {
      const which = `${name} ${row.id}`;
      const own = past.get(row.id);
      const places = own?.placesOf(row.raw) ?? [];
      if (own === undefined || places.length === 0) {
        this.#violated('a row shows what never was', which);
        continue;
      }
      const seen = this.#seen.get(which) ?? 0;
      const place = places.find((one) => one >= seen);
      if (place === undefined) this.#violated('a row went back', `${which}: from version ${seen} to ${places.at(-1)}`);
      else this.#seen.set(which, place);
      if (row.source === 'webhook') {
        if ((own.validFrom(row.raw) ?? 0) > row.fetched_at + SLACK_MS)
          this.#violated('a row is newer than the webhook that brought it', which);
      } else if ((own.validUntil(row.raw) ?? 0) < row.fetched_at - SLACK_MS) {
        this.#violated('a row is older than its _fetched_at', which);
      }
      if (row.deleted_at !== null && !own.wasAwayAfter(row.deleted_at - SLACK_MS))
        this.#violated('a record that is there has a tombstone', which);
    }
  }

  #judgeProof(
    collection: Collection,
    proof: Proof,
    rows: ReadonlyMap<number, StoredRow>,
    past: ReadonlyMap<number, TruePast>,
    run: Run | undefined,
  ): void {
    const { name } = collection;
    const { whole_as_of: whole, new_up_to: news, open_up_to: open } = proof;
    const holes = this.#holes.get(name);
    const now = this.world.clock.now();
    for (const [what, at] of [['whole_as_of', whole] as const, ['new_up_to', news] as const]) {
      if (at !== null && at > now + SLACK_MS) this.#violated(`${what} lies in the future`, name);
    }
    for (const [id, own] of past) {
      const which = `${name} ${id}`;
      const row = rows.get(id);
      const isAlive = row !== undefined && row.deleted_at === null;
      const { since, createdAt } = own;
      const isClaimedByWhole = whole !== null && since !== undefined && since < whole - SLACK_MS;
      const isNew = since !== undefined && (createdAt === undefined || createdAt >= since - HEAD_OVERLAP_MS);
      const isClaimedByHead = news !== null && since !== undefined && since < news - SLACK_MS && isNew;
      if (!isAlive && isClaimedByWhole) {
        if (holes?.whole === true) this.#excuse('hole');
        else if (holes !== undefined && own.wasMovedBetween(whole - SLACK_MS, holes.readTo + SLACK_MS))
          this.#excuse('moved');
        else
          this.#violated(
            `${datedIn(own, whole)} that existed at whole_as_of is missing`,
            `${which}${about(own, whole, row)}`,
          );
      } else if (!isAlive && isClaimedByHead) {
        if (holes?.whole === true || holes?.head === true) this.#excuse('old head');
        else if (holes !== undefined && own.wasMovedBetween(whole ?? news, holes.readTo + SLACK_MS))
          this.#excuse('moved');
        else
          this.#violated(
            `${datedIn(own, news)} that was new before new_up_to is missing`,
            `${which}${about(own, news, row)}`,
          );
      }
      if (!isAlive) continue;
      this.#judgeAge(collection, which, row, own, { whole: isClaimedByWhole ? whole : null, open });
      if (whole !== null && proof.whole_run_state === 'complete' && own.isAwaySince(whole - SLACK_MS)) {
        this.#violatedUnlessTold('a record that was gone by whole_as_of is alive', which, row, own, whole);
      } else if (
        open !== null &&
        run?.state === 'complete' &&
        run.mode === 'incremental' &&
        run.collections.includes(name) &&
        own.isAwaySince(open - SLACK_MS) &&
        isOpen(collection, row.raw)
      ) {
        this.#violatedUnlessTold('an open record that was gone by open_up_to is alive', which, row, own, open);
      }
    }
  }

  /** Is a row as new as the proofs say? */
  #judgeAge(
    collection: Collection,
    which: string,
    row: StoredRow,
    own: TruePast,
    { whole, open }: { whole: number | null; open: number | null },
  ): void {
    const until = own.validUntil(row.raw);
    // Said already: it shows what never was.
    if (until === undefined || own.since === undefined) return;
    const isOld = (at: number | null): at is number => at !== null && until < at - SLACK_MS;
    const limit = isOld(whole) ? whole : isOld(open) && isOpen(collection, row.raw) ? open : undefined;
    if (limit === undefined) return;
    const name = limit === whole ? 'whole_as_of' : 'open_up_to';
    this.#violatedUnlessTold(`a row is older than ${name}`, which, row, own, limit);
  }

  /** What a webhook did is forgiven where nobody could know better. */
  #violatedUnlessTold(what: string, which: string, row: StoredRow, own: TruePast, limit: number): void {
    if (row.is_in_doubt) this.#excuse('in doubt');
    else if (row.source === 'webhook' && row.fetched_at > limit - SLACK_MS) this.#excuse('late webhook');
    else this.#violated(what, `${which}${about(own, limit, row)}`);
  }

  #judgeRange(window: CertifiedWindow, rows: ReadonlyMap<number, StoredRow>, past: ReadonlyMap<number, TruePast>) {
    const { as_of: asOf, from_at: from, to_at: to, collection } = window;
    if (asOf === null) return;
    for (const [id, own] of past) {
      const { since, latestCreatedAt: createdAt } = own;
      if (since === undefined || createdAt === undefined || since >= asOf - SLACK_MS) continue;
      // It may have been changed afterwards, its created_at too.
      if (own.versions.some((version) => version.from > asOf) && own.versions.length > 1) continue;
      if (createdAt < (from ?? -Infinity) || createdAt > (to ?? Infinity)) continue;
      if (rows.get(id)?.deleted_at === null) continue;
      if (fellIntoTheHole(window, this.world)) this.#excuse('hole');
      else this.#violated('a record of a certified range is missing', `${collection} ${id}${about(own, asOf)}`);
    }
  }

  async #judgeStatusChanges(
    { name, statusFields }: Collection,
    rows: ReadonlyMap<number, StoredRow>,
    past: ReadonlyMap<number, TruePast>,
  ): Promise<void> {
    const chains = new Map<string, (string | null)[]>();
    for (const change of await readStatusChanges(this.db(), name, this.account)) {
      const key = `${change.record_id} ${change.field}`;
      const chain = chains.get(key) ?? [change.old];
      if (chain.at(-1) !== change.old)
        this.#violated('status_changes has a gap', `${name} ${key}: ${chain.at(-1)} | ${change.old} → ${change.new}`);
      chains.set(key, [...chain, change.new]);
    }
    for (const [key, chain] of chains) {
      const [id = '', field = ''] = key.split(' ');
      const own = past.get(Number(id));
      if (own === undefined || !statusFields.includes(field)) continue;
      const truth = own.valuesOf(field);
      if (!isSubsequence(chain, truth))
        this.#violated('status_changes tells what never was', `${name} ${key}: ${chain.join(' → ')} of ${truth}`);
      const row = rows.get(Number(id));
      if (row !== undefined && (row.raw[field] ?? null) !== chain.at(-1))
        this.#violated('status_changes ends otherwise than the row', `${name} ${key}: ${chain.join(' → ')}`);
    }
  }

  #noteHole(window: CertifiedWindow): void {
    const isHole = fellIntoTheHole(window, this.world);
    const { collection, kind, reads } = window;
    const readTo = Math.max(...reads.map(({ to }) => to));
    if (kind === 'whole') this.#holes.set(collection, { whole: isHole, head: false, readTo });
    else if (kind === 'head') {
      const before = this.#holes.get(collection);
      this.#holes.set(collection, {
        whole: before?.whole ?? false,
        head: isHole || before?.head === true,
        readTo: Math.max(readTo, before?.readTo ?? readTo),
      });
    }
  }

  #violated(what: string, detail: string): void {
    this.#violations.push({ what, detail });
  }

  #excuse(excuse: Excuse): void {
    this.#excused.set(excuse, (this.#excused.get(excuse) ?? 0) + 1);
  }
}

/** The row's state can still change, as its collection says. */
function isOpen({ closedWhen }: Collection, raw: Record<string, unknown>): boolean {
  if (closedWhen === 'never') return true;
  return !closedWhen.some((condition) =>
    Object.entries(condition).every(([column, values]) => values.includes(String(raw[column]))),
  );
}

/** Shops that write local time as UTC make records of the future. */
const datedIn = (own: TruePast, at: number | null): string =>
  (own.createdAt ?? 0) > (at ?? Infinity) ? 'a record dated in the future' : 'a record';

/** Are these values among the others, in this order? */
function isSubsequence(values: readonly unknown[], of: readonly unknown[]): boolean {
  let at = -1;
  return values.every((value) => {
    at = of.findIndex((one, i) => i > at && one === value);
    return at >= 0;
  });
}

const inTime = (ms: number | undefined): string =>
  ms === undefined || !Number.isFinite(ms) ? `${ms}` : new Date(ms).toISOString();

function about(own: TruePast, limit: number | null, row?: StoredRow): string {
  const versions = own.versions.map(({ from, to }) => `${inTime(from)} to ${inTime(to)}`).join(', ');
  const stored = row === undefined ? 'no row' : `row of ${inTime(row.fetched_at)} (${row.source})`;
  return `: versions ${versions}; created_at ${inTime(own.createdAt)}; ${stored}; promised as of ${inTime(limit ?? undefined)}`;
}
