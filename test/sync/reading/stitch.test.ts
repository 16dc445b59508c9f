// The proof behind a certificate, against a list that moves at random: what is called whole lacks nothing.

import { describe, expect, test } from 'vitest';
import { type ReadWithIds, stitchReads } from '../../support/listing.js';
import fc from '../../support/property.js';

interface Row {
  readonly id: number;
  readonly createdAt: number;
}

/**
 * A list, newest first, that can be read by page and changed in between. Rows of one instant change places whenever the
 * list grows or shrinks.
 */
class MovingList {
  readonly reads: ReadWithIds[] = [];
  readonly #always: Set<number>;
  #changes = { inserted: false, deleted: false };
  #nextId: number;
  #clock = 0;
  /** Did a deletion and an insertion fall between the same two reads? That hides from counts. */
  hole = false;

  constructor(
    private rows: Row[],
    private perPage: number,
    private readonly showsTimes = true,
  ) {
    this.#always = new Set(rows.map(({ id }) => id));
    this.#nextId = rows.length + 1_000;
  }

  get pageCount(): number {
    return Math.max(1, Math.ceil(this.rows.length / this.perPage));
  }

  read(page: number): void {
    if (this.#changes.inserted && this.#changes.deleted) this.hole = true;
    this.#changes = { inserted: false, deleted: false };
    this.#clock += 10;
    const shown = this.rows.slice((page - 1) * this.perPage, page * this.perPage);
    this.reads.push({
      page,
      itemCount: this.rows.length,
      itemsPerPage: this.perPage,
      pageCount: this.pageCount,
      ids: shown.map(({ id }) => id),
      newestAt: this.showsTimes ? (shown[0]?.createdAt ?? null) : null,
      oldestAt: this.showsTimes ? (shown.at(-1)?.createdAt ?? null) : null,
      requestedAt: this.#clock,
      answeredAt: this.#clock + 5,
    });
  }

  change({ kind, at }: Change): void {
    const before = this.rows.length;
    const place = Math.floor(at * (before + 1));
    if (kind === 'insert') {
      const createdAt = this.rows[place]?.createdAt ?? this.rows.at(-1)?.createdAt ?? 0;
      this.rows.splice(place, 0, { id: this.#nextId++, createdAt });
      this.#changes.inserted = true;
    } else if (kind === 'delete' && place < this.rows.length) {
      for (const { id } of this.rows.splice(place, 1)) this.#always.delete(id);
      this.#changes.deleted = true;
    } else if (kind === 'page length') this.perPage = 2 + Math.floor(at * 6);
    if (this.rows.length !== before) this.#reorderEquals(at);
  }

  /** Another order of rows with one created_at, as a database gives that sorts by nothing else. */
  #reorderEquals(salt: number): void {
    const keyOf = ({ id }: Row) => (id * (1 + Math.floor(salt * 997))) % 101;
    this.rows = this.rows.toSorted((a, b) => b.createdAt - a.createdAt || keyOf(a) - keyOf(b));
  }

  missing(): number[] {
    const seen = new Set(this.reads.flatMap(({ ids }) => ids));
    return [...this.#always].filter((id) => !seen.has(id));
  }
}

interface Change {
  kind: 'insert' | 'delete' | 'page length' | 'nothing';
  /** 0 = newest, 1 = oldest. */
  at: number;
}

/** Reads page 1, then the rest in the given order, then what stitch() asks for; one change before each read. */
function readAll(
  list: MovingList,
  order: 'ascending' | 'descending',
  changes: readonly Change[],
): { whole: boolean; rounds: number } {
  let next = 0;
  const read = (page: number) => {
    const change = changes[next++];
    if (change !== undefined) list.change(change);
    list.read(page);
  };
  read(1);
  const rest = Array.from({ length: list.pageCount - 1 }, (_, i) => i + 2);
  for (const page of order === 'ascending' ? rest : rest.reverse()) read(page);
  for (let round = 0; round < 8; round += 1) {
    const stitching = stitchReads(list.reads);
    if (stitching.isWhole) return { whole: true, rounds: round };
    expect(stitching.readAgain.length).toBeGreaterThan(0);
    for (const page of stitching.readAgain) read(page);
  }
  return { whole: stitchReads(list.reads).isWhole, rounds: 8 };
}

const changes = (...kinds: Change['kind'][]) =>
  fc.array(
    fc.record({
      kind: fc.constantFrom('nothing', 'nothing', 'nothing', ...kinds),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
    }),
    {
      maxLength: 40,
    },
  );
const list = fc.record({
  size: fc.integer({ min: 0, max: 60 }),
  perPage: fc.integer({ min: 2, max: 6 }),
  together: fc.integer({ min: 1, max: 9 }),
});

/** @param together so many rows have one created_at */
const open = (
  { size, perPage, together = 1 }: { size: number; perPage: number; together?: number },
  showsTimes = true,
) =>
  new MovingList(
    Array.from({ length: size }, (_, i) => ({ id: size - i, createdAt: Math.floor((size - i) / together) })),
    perPage,
    showsTimes,
  );

describe.each(['ascending', 'descending'] as const)('read %s', (order) => {
  test('a list called whole lacks no record that existed all the time', () => {
    fc.assert(
      fc.property(list, changes('insert', 'delete', 'page length'), (shape, script) => {
        const moving = open(shape);
        const { whole } = readAll(moving, order, script);
        fc.pre(!moving.hole);
        if (whole) expect(moving.missing()).toEqual([]);
      }),
      { numRuns: 2_000 },
    );
  });

  test('a list that comes to rest is whole after a few rounds', () => {
    fc.assert(
      fc.property(list, changes('insert', 'delete'), (shape, script) => {
        const moving = open(shape);
        const { whole } = readAll(moving, order, script.slice(0, Math.ceil(shape.size / shape.perPage)));
        expect(whole).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });
});

test('a list that stands still is whole at once, an empty one too', () => {
  for (const size of [0, 1, 20, 21]) {
    const still = open({ size, perPage: 5 });
    expect(readAll(still, 'descending', [])).toEqual({ whole: true, rounds: 0 });
  }
});

const pageOf = (
  page: number,
  ids: number[],
  itemCount: number,
  span: [newest: number, oldest: number] | [],
): ReadWithIds => ({
  page,
  itemCount,
  itemsPerPage: 3,
  pageCount: Math.ceil(itemCount / 3),
  ids,
  newestAt: span[0] ?? null,
  oldestAt: span[1] ?? null,
  requestedAt: 0,
  answeredAt: 0,
});

/** The same reads, one after the other. */
const inTurn = (...reads: ReadWithIds[]): ReadWithIds[] =>
  reads.map((read, i) => ({ ...read, requestedAt: 10 * i, answeredAt: 10 * i + 5 }));

describe('records of one instant across a page boundary may change places', () => {
  // The list is a b [x y] c d; x and y were created in one instant.
  const [a, b, y, c, d, e] = [1, 2, 4, 5, 6, 7];

  test('a shared record is no proof where two pages touch in its instant only', () => {
    const reads = inTurn(
      pageOf(1, [a, b, y], 6, [90, 50]),
      pageOf(2, [y, c, d], 6, [50, 10]),
      pageOf(2, [c, d], 5, [40, 10]),
    );
    expect(stitchReads(reads)).toEqual({ isWhole: false, readAgain: [1, 2] });
    const moved = inTurn(
      pageOf(1, [a, b, y], 6, [90, 50]),
      pageOf(2, [y, c, d], 7, [50, 20]),
      pageOf(3, [e], 7, [10, 10]),
    );
    expect(stitchReads(moved)).toEqual({ isWhole: false, readAgain: [1, 2] });
  });

  test('pages that overlap in more than an instant are stitched', () => {
    const reads = inTurn(
      pageOf(1, [a, b, y], 6, [90, 50]),
      pageOf(2, [b, y, c], 7, [80, 40]),
      pageOf(3, [d], 7, [10, 10]),
    );
    expect(stitchReads(reads)).toEqual({ isWhole: true });
  });

  test('without created_at two pages of one count that share a record are no neighbours', () => {
    const reads = inTurn(pageOf(1, [a, b, y], 6, []), pageOf(2, [y, c, d], 6, []), pageOf(2, [c, d], 5, []));
    expect(stitchReads(reads)).toEqual({ isWhole: false, readAgain: [1, 2] });
  });

  test('that holds for all pages over which records of one instant spread', () => {
    // The list is a b u | v w x | y d e, all but the ends of one instant: u is shown twice and w never.
    const [u, v, w, x] = [10, 11, 12, 13];
    const reads = inTurn(
      pageOf(1, [a, b, u], 9, [90, 50]),
      pageOf(2, [v, x, y], 9, [50, 50]),
      pageOf(3, [u, d, e], 9, [50, 10]),
    );
    expect(stitchReads(reads)).toEqual({ isWhole: false, readAgain: [1, 2, 3] });
    const again = inTurn(
      ...reads,
      pageOf(1, [a, b, u], 8, [90, 50]),
      pageOf(2, [v, w, x], 8, [50, 50]),
      pageOf(3, [y, d], 8, [50, 30]),
    );
    expect(stitchReads(again)).toEqual({ isWhole: true });
  });

  test('the known hole: without created_at nobody sees that two records were created in one instant', () => {
    // A record came on top between the two reads, so page 2 may well begin with the last one of page 1.
    const reads = inTurn(pageOf(1, [a, b, y], 6, []), pageOf(2, [y, c, d], 7, []), pageOf(3, [e], 7, []));
    expect(stitchReads(reads)).toEqual({ isWhole: true });
  });
});

test('a list that says no count stood still at no time', () => {
  const silent = (page: number, ids: number[], at: number): ReadWithIds => ({
    ...pageOf(page, ids, 6, [9 - page, 8 - page]),
    itemCount: null,
    requestedAt: at,
    answeredAt: at + 5,
  });
  expect(stitchReads([silent(1, [6, 5, 4], 0), silent(2, [3, 2, 1], 10)])).toEqual({
    isWhole: false,
    readAgain: [1, 2],
  });
});

test('a page_count that leaves out what the same answer counts is no end', () => {
  // Page 2 claims to be the last one, of a list of 9 in pages of 3.
  const reads = inTurn(pageOf(1, [9, 8, 7], 8, [90, 70]), {
    ...pageOf(2, [7, 6, 5], 9, [75, 50]),
    pageCount: 2,
  });
  expect(stitchReads(reads).isWhole).toBe(false);
});

test('a part of the list ends where it is said to end', () => {
  const moving = open({ size: 30, perPage: 5 });
  for (const page of [1, 2, 3]) moving.read(page);
  const end = { isEnd: ({ page }: { page: number }) => page === 3, last: 3 };
  expect(stitchReads(moving.reads, end)).toEqual({ isWhole: true });
  moving.change({ kind: 'delete', at: 0 });
  moving.read(4);
  expect(stitchReads(moving.reads, { isEnd: ({ page }) => page === 4, last: 4 })).toEqual({
    isWhole: false,
    readAgain: [2, 3, 4],
  });
});

test('a count that is one answer late hides no deletion', () => {
  // 12 records; one above is deleted before page 3 is read, whose answer has the count of before.
  const reads = inTurn(
    pageOf(1, [12, 11, 10], 12, [120, 100]),
    pageOf(2, [9, 8, 7], 12, [90, 70]),
    pageOf(3, [5, 4, 3], 12, [50, 30]),
    pageOf(4, [2, 1], 11, [20, 10]),
  );
  expect(stitchReads(reads)).toEqual({ isWhole: false, readAgain: [2, 3, 4] });
});

test('a page that lacks a record that its own numbers count proves nothing', () => {
  const reads = inTurn(
    pageOf(1, [9, 8, 7], 9, [90, 70]),
    pageOf(2, [6, 4], 9, [60, 40]),
    pageOf(3, [3, 2, 1], 9, [30, 10]),
  );
  expect(stitchReads(reads)).toMatchObject({ isWhole: false, readAgain: expect.arrayContaining([2]) });
});

test('one insertion costs the pages around it, not the list', () => {
  const moving = open({ size: 100, perPage: 5 });
  const script: Change[] = Array.from({ length: 20 }, () => ({ kind: 'nothing', at: 0 }));
  script[10] = { kind: 'insert', at: 0.1 };
  expect(readAll(moving, 'descending', script)).toEqual({ whole: true, rounds: 1 });
  expect(moving.missing()).toEqual([]);
  expect(moving.reads.length).toBeLessThanOrEqual(20 + 7);
});

test('the known hole: a deletion behind and an insertion ahead between the same two reads hide a record', () => {
  const moving = open({ size: 20, perPage: 5 });
  moving.read(1);
  moving.read(4);
  moving.change({ kind: 'delete', at: 0.9 });
  moving.change({ kind: 'insert', at: 0.3 });
  for (const page of [3, 2]) moving.read(page);
  expect(stitchReads(moving.reads)).toEqual({ isWhole: true });
  expect(moving.missing()).toHaveLength(1);
});

test('reads that were under way together and disagree prove nothing to each other', () => {
  const read = (page: number, itemCount: number, ids: number[], at: number): ReadWithIds => ({
    page,
    itemCount,
    itemsPerPage: 2,
    pageCount: 3,
    ids,
    newestAt: null,
    oldestAt: null,
    requestedAt: at,
    answeredAt: at + 15,
  });
  // Page 3 was answered before the list moved and back, page 2 after; page 1 saw the moment between.
  const reads = [read(3, 6, [2, 1], 0), read(2, 6, [5, 4], 10), read(1, 7, [7, 6], 20)];
  expect(stitchReads(reads)).toEqual({ isWhole: false, readAgain: expect.arrayContaining([1, 2, 3]) });
});

describe('a pause between two reads may hide any change', () => {
  // Nothing that the answers say differs from a list that stood still.
  const at = (read: ReadWithIds, requestedAt: number): ReadWithIds => ({
    ...read,
    requestedAt,
    answeredAt: requestedAt + 5,
  });
  const pages = [
    pageOf(1, [9, 8, 7], 9, [90, 70]),
    pageOf(2, [6, 5, 4], 9, [60, 40]),
    pageOf(3, [3, 2, 1], 9, [30, 10]),
  ];

  test('what was read before it is not joined by count to what was read after', () => {
    const [one, two, three] = pages as [ReadWithIds, ReadWithIds, ReadWithIds];
    expect(stitchReads([at(one, 0), at(three, 10), at(two, 20)])).toEqual({ isWhole: true });
    expect(stitchReads([at(one, 0), at(three, 10), at(two, 60_000)])).toEqual({ isWhole: false, readAgain: [1, 2, 3] });
    const again = [at(one, 0), at(three, 10), at(two, 60_000), at(one, 60_010), at(two, 60_020), at(three, 60_030)];
    expect(stitchReads(again)).toEqual({ isWhole: true });
  });

  test('when an answer was made that took long, nobody knows, unless all of them do', () => {
    const [one, two, three] = pages as [ReadWithIds, ReadWithIds, ReadWithIds];
    const late = { ...at(two, 20), answeredAt: 25_000 };
    expect(stitchReads([at(one, 0), at(three, 10), late]).isWhole).toBe(false);
    const taking = (read: ReadWithIds, from: number) => ({ ...read, requestedAt: from, answeredAt: from + 25_000 });
    expect(stitchReads([taking(one, 0), taking(three, 25_001), taking(two, 50_002)])).toEqual({ isWhole: true });
  });

  test('it is counted from the last answer, not from the first request', () => {
    const [one, two, three] = pages as [ReadWithIds, ReadWithIds, ReadWithIds];
    const slow = { ...at(one, 0), answeredAt: 4_000 };
    expect(stitchReads([slow, at(two, 8_900), at(three, 8_910)])).toEqual({ isWhole: true });
    expect(stitchReads([slow, at(two, 9_100), at(three, 9_110)]).isWhole).toBe(false);
  });
});
