// The proof behind a certificate, against a list that moves at random: what is called whole lacks nothing.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type PageRead, stitch } from '../../src/sync/stitch.js';

/** A list, newest first, that can be read by page and changed in between. */
class MovingList {
  readonly reads: PageRead[] = [];
  readonly #always: Set<number>;
  #changes = { inserted: false, deleted: false };
  #nextId: number;
  #clock = 0;
  /** Did a deletion and an insertion fall between the same two reads? That hides from counts. */
  hole = false;

  constructor(
    private rows: number[],
    private perPage: number,
  ) {
    this.#always = new Set(rows);
    this.#nextId = rows.length + 1_000;
  }

  get pageCount(): number {
    return Math.max(1, Math.ceil(this.rows.length / this.perPage));
  }

  read(page: number): void {
    if (this.#changes.inserted && this.#changes.deleted) this.hole = true;
    this.#changes = { inserted: false, deleted: false };
    this.#clock += 10;
    this.reads.push({
      page,
      itemCount: this.rows.length,
      itemsPerPage: this.perPage,
      pageCount: this.pageCount,
      ids: this.rows.slice((page - 1) * this.perPage, page * this.perPage),
      requestedAt: this.#clock,
      answeredAt: this.#clock + 5,
    });
  }

  change({ kind, at }: Change): void {
    const place = Math.floor(at * (this.rows.length + 1));
    if (kind === 'insert') {
      this.rows.splice(place, 0, this.#nextId++);
      this.#changes.inserted = true;
    } else if (kind === 'delete' && place < this.rows.length) {
      for (const id of this.rows.splice(place, 1)) this.#always.delete(id);
      this.#changes.deleted = true;
    } else if (kind === 'page length') this.perPage = 2 + Math.floor(at * 6);
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
    const stitching = stitch(list.reads);
    if (stitching.isWhole) return { whole: true, rounds: round };
    expect(stitching.readAgain.length).toBeGreaterThan(0);
    for (const page of stitching.readAgain) read(page);
  }
  return { whole: stitch(list.reads).isWhole, rounds: 8 };
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
const list = fc.record({ size: fc.integer({ min: 0, max: 60 }), perPage: fc.integer({ min: 2, max: 6 }) });
const open = ({ size, perPage }: { size: number; perPage: number }) =>
  new MovingList(
    Array.from({ length: size }, (_, i) => size - i),
    perPage,
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

test('one insertion costs the pages around it, not the list', () => {
  const moving = open({ size: 100, perPage: 5 });
  const script: Change[] = Array.from({ length: 20 }, () => ({ kind: 'nothing', at: 0 }));
  script[10] = { kind: 'insert', at: 0.1 };
  expect(readAll(moving, 'descending', script)).toEqual({ whole: true, rounds: 1 });
  expect(moving.missing()).toEqual([]);
  expect(moving.reads.length).toBeLessThanOrEqual(20 + 6);
});

test('the known hole: a deletion behind and an insertion ahead between the same two reads hide a record', () => {
  const moving = open({ size: 20, perPage: 5 });
  moving.read(1);
  moving.read(4);
  moving.change({ kind: 'delete', at: 0.9 });
  moving.change({ kind: 'insert', at: 0 });
  for (const page of [3, 2]) moving.read(page);
  expect(stitch(moving.reads)).toEqual({ isWhole: true });
  expect(moving.missing()).toHaveLength(1);
});

test('reads that were under way together and disagree prove nothing to each other', () => {
  const read = (page: number, itemCount: number, ids: number[], at: number): PageRead => ({
    page,
    itemCount,
    itemsPerPage: 2,
    pageCount: 3,
    ids,
    requestedAt: at,
    answeredAt: at + 15,
  });
  // Page 3 was answered before the list moved and back, page 2 after; page 1 saw the moment between.
  const reads = [read(3, 6, [2, 1], 0), read(2, 6, [5, 4], 10), read(1, 7, [7, 6], 20)];
  expect(stitch(reads)).toEqual({ isWhole: false, readAgain: expect.arrayContaining([1, 2, 3]) });
});
