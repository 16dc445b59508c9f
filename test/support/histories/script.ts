// A random history as data: what happens to an account and to the runs that read it. One seed makes one script, and a
// script can be written into a test as it was printed. Numbers that choose a record are taken modulo what there is, so
// that every script can be played, and a smaller one is as good as a larger one.

import { type CollectionName, collectionNames } from '../../../src/simulator/index.js';
import fc from '../property.js';

/** What happens to the account in an instant. */
export type Act =
  | { readonly do: 'insert'; readonly in: CollectionName }
  /** `minutes` before now; in days of minutes it lies deep in the list. */
  | { readonly do: 'back-date'; readonly in: CollectionName; readonly minutes: number }
  | { readonly do: 'future-date'; readonly in: 'orders' | 'skus'; readonly hours: number }
  | { readonly do: 'step'; readonly in: CollectionName; readonly at: number }
  | { readonly do: 'patch'; readonly in: CollectionName; readonly at: number; readonly to: string }
  /** Its created_at is set to another time: it leaves one place in the list and comes up in another. */
  | { readonly do: 'move'; readonly in: CollectionName; readonly at: number; readonly minutes: number }
  | { readonly do: 'delete'; readonly in: CollectionName; readonly at: number }
  /** A deletion and a back-dated insertion in one instant: the API's count stays as it was. */
  | { readonly do: 'swap'; readonly in: CollectionName; readonly at: number; readonly minutes: number }
  | { readonly do: 'restore'; readonly in: CollectionName; readonly at: number }
  | { readonly do: 'items per page'; readonly n: number }
  /** The clock moves on: what is under way then takes so long. */
  | { readonly do: 'pass time'; readonly seconds: number }
  /** One of the webhooks that changes have caused arrives: the newest is 0. Again and again, if a script says so. */
  | { readonly do: 'webhook'; readonly which: number };

/** An act around the request of a run with this number. */
export interface During {
  /** 1 = the first request of the run. */
  readonly request: number;
  /** Before its answer is made, or when it is made and on its way. */
  readonly when: 'before' | 'after';
  readonly act: Act;
}

export type Trouble =
  | { readonly status: number }
  | { readonly wait: true }
  | { readonly cut: 'before-headers' | 'mid-body' }
  | { readonly brokenJson: true }
  | { readonly delayMs: number }
  /** One number of `pagination` is another; undefined = it is missing. */
  | { readonly pagination: string; readonly is: unknown };

/** What goes wrong with requests of a run. */
export interface Wrong {
  /** One request by its number, or every one for a page of a list. */
  readonly at: { readonly request: number } | { readonly in: CollectionName; readonly page: number };
  readonly times: number;
  readonly trouble: Trouble;
}

export interface RunAct {
  /** sync = what the command does: goes on with what was left behind, else the next mode. */
  readonly how: 'sync' | 'full' | 'backfill' | 'retry' | 'rederive';
  readonly during: readonly During[];
  readonly wrong: readonly Wrong[];
  /** Workers of their own connections, on the same account. */
  readonly workers: 1 | 2;
  /** Is a backfill of the same collections going at the same time? */
  readonly beside: boolean;
  /** Ctrl-C (or worse, see play.ts) at the request with this number; null = it is left alone. */
  readonly stopAt: number | null;
}

/** Some time without a run, then a run. */
export interface Phase {
  readonly pauseMinutes: number;
  readonly acts: readonly Act[];
  readonly run: RunAct;
}

export interface Script {
  readonly collections: readonly CollectionName[];
  /** Of the simulated account. */
  readonly seed: number;
  readonly size: number;
  readonly itemsPerPage: number;
  readonly concurrency: 1 | 2 | 4;
  /** How far the API's clock is ahead of ours; negative = behind. */
  readonly apiAheadSeconds: number;
  readonly pastEnd: 'empty' | 'not-found' | 'last-page';
  readonly ignoresFilters: boolean;
  readonly phases: readonly Phase[];
}

const place = fc.nat(79);
const deep = fc.integer({ min: 60, max: 60 * 24 * 90 });
const minutesBack = fc.oneof({ weight: 1, arbitrary: fc.integer({ min: 0, max: 70 }) }, { weight: 2, arbitrary: deep });
const few = fc.constantFrom('a', 'b', 'c');

function actOf(names: readonly CollectionName[]): fc.Arbitrary<Act> {
  const name = fc.constantFrom(...names);
  // Nothing tells where a record without created_at belongs, so it cannot be put anywhere.
  const dated = names.filter((one) => one !== 'restocking_shipments' && one !== 'warehouses');
  const futures = names.filter((one): one is 'orders' | 'skus' => one === 'orders' || one === 'skus');
  const of = <T extends Act['do'], R extends object>(weight: number, what: T, rest: R, where = name) => ({
    weight,
    arbitrary: fc.record({ do: fc.constant(what), in: where, ...rest }) as unknown as fc.Arbitrary<Act>,
  });
  const isTold = names.some((one) => one === 'shipments' || one === 'returns' || one === 'restocking_shipments');
  const datedName = fc.constantFrom(...(dated.length > 0 ? dated : names));
  return fc.oneof(
    of(5, 'insert', {}),
    of(isTold ? 9 : 5, 'step', { at: place }),
    of(5, 'patch', { at: place, to: few }),
    of(5, 'delete', { at: place }),
    of(1, 'restore', { at: place }),
    ...(dated.length > 0
      ? [
          of(5, 'back-date', { minutes: minutesBack }, datedName),
          of(5, 'swap', { at: place, minutes: minutesBack }, datedName),
          of(1, 'move', { at: place, minutes: minutesBack }, datedName),
        ]
      : []),
    ...(futures.length > 0
      ? [of(1, 'future-date', { hours: fc.constantFrom(1, 2, 24 * 365) }, fc.constantFrom(...futures))]
      : []),
    {
      weight: 1,
      arbitrary: fc.record({ do: fc.constant('items per page' as const), n: fc.integer({ min: 3, max: 7 }) }),
    },
    { weight: isTold ? 9 : 1, arbitrary: fc.record({ do: fc.constant('webhook' as const), which: fc.nat(5) }) },
  );
}

const passTime: fc.Arbitrary<Act> = fc.record({
  do: fc.constant('pass time' as const),
  seconds: fc.constantFrom(1, 4, 20, 90, 600),
});

const duringOf = (names: readonly CollectionName[]): fc.Arbitrary<During> =>
  fc.record({
    request: fc.integer({ min: 1, max: 6 + 8 * names.length }),
    when: fc.constantFrom('before' as const, 'after' as const),
    act: fc.oneof({ weight: 6, arbitrary: actOf(names) }, { weight: 1, arbitrary: passTime }),
  });

/** One number of `pagination` alone, so that what an answer says contradicts itself or another answer. */
const oddPagination: fc.Arbitrary<Trouble> = fc
  .tuple(
    fc.constantFrom('page_count', 'item_count', 'items_per_page'),
    fc.constantFrom<unknown>(0, 1, 2, -1, 3_000, null, undefined, '12', 'many', 2.5),
  )
  .map(([pagination, is]) => ({ pagination, is }));

const passing = fc.constantFrom<Trouble>(
  { status: 503 },
  { wait: true },
  { cut: 'before-headers' },
  { cut: 'mid-body' },
  { brokenJson: true },
  { delayMs: 30 },
);

const wrongOf = (names: readonly CollectionName[]): fc.Arbitrary<Wrong> =>
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        at: fc.record({ request: fc.integer({ min: 1, max: 6 + 8 * names.length }) }),
        times: fc.constant(1),
        trouble: fc.oneof({ weight: 5, arbitrary: passing }, { weight: 2, arbitrary: oddPagination }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        at: fc.record({ in: fc.constantFrom(...names), page: fc.constantFrom(1, 2, 3, 5, 8) }),
        times: fc.constantFrom(1, 2, 1_000_000),
        // A 404 for a single record would be believed, as docs/design.md 4.8 says; for a page it means something else.
        trouble: fc.oneof(oddPagination, fc.constantFrom<Trouble>({ status: 503 }, { status: 404 })),
      }),
    },
  );

const pause = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 3, arbitrary: fc.constantFrom(2, 5, 16, 61, 24 * 60) },
);

function runOf(names: readonly CollectionName[], hows: fc.Arbitrary<RunAct['how']>): fc.Arbitrary<RunAct> {
  return fc.record({
    how: hows,
    during: fc.array(duringOf(names), { maxLength: 5 }),
    wrong: fc.oneof(
      { weight: 3, arbitrary: fc.constant([]) },
      { weight: 2, arbitrary: fc.array(wrongOf(names), { minLength: 1, maxLength: 2 }) },
    ),
    workers: fc.constantFrom(1 as const, 1 as const, 1 as const, 2 as const),
    beside: fc.constantFrom(false, false, false, false, true),
    stopAt: fc.oneof(
      { weight: 1, arbitrary: fc.constant(null) },
      { weight: 1, arbitrary: fc.integer({ min: 1, max: 4 + 4 * names.length }) },
    ),
  });
}

const anyHow = fc.oneof(
  { weight: 6, arbitrary: fc.constant('sync' as const) },
  { weight: 2, arbitrary: fc.constant('full' as const) },
  { weight: 1, arbitrary: fc.constantFrom('backfill' as const, 'retry' as const, 'rederive' as const) },
);

const phaseOf = (names: readonly CollectionName[], hows: fc.Arbitrary<RunAct['how']>): fc.Arbitrary<Phase> =>
  fc.record({
    pauseMinutes: pause,
    acts: fc.array(actOf(names), { maxLength: 5 }),
    run: runOf(names, hows),
  });

/** What chance alone brings together too seldom: a list is left half read, is another one after a while, and is read on. */
const interruption = (names: readonly CollectionName[]): fc.Arbitrary<Phase[]> =>
  fc
    .record({
      stopAt: fc.integer({ min: 2, max: 2 + 3 * names.length }),
      pauseMinutes: fc.constantFrom(2, 5, 61),
      swaps: fc.array(
        fc.record({ do: fc.constant('swap' as const), in: fc.constantFrom(...names), at: place, minutes: deep }),
        { minLength: 1, maxLength: 3 },
      ),
    })
    .map(({ stopAt, pauseMinutes, swaps }) => {
      const quiet = { during: [], wrong: [], workers: 1 as const, beside: false };
      return [
        { pauseMinutes: 0, acts: [], run: { ...quiet, how: 'full', stopAt } },
        { pauseMinutes, acts: swaps, run: { ...quiet, how: 'full', stopAt: null } },
      ];
    });

/** Most scripts are about few collections, as a script is worth more when it is short. */
const chosen = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.constantFrom<CollectionName[]>(
      ['orders'],
      ['shipments'],
      ['returns'],
      ['restocking_shipments'],
      ['skus'],
    ),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom<CollectionName[]>(
      ['orders', 'shipments'],
      ['skus', 'returns'],
      ['warehouses', 'restocking_shipments'],
    ),
  },
  { weight: 1, arbitrary: fc.constant<CollectionName[]>([...collectionNames]) },
);

export const script: fc.Arbitrary<Script> = chosen.chain((collections) =>
  fc.record({
    collections: fc.constant(collections),
    seed: fc.nat(1_000),
    size: fc.integer({ min: collections.length > 1 ? 6 : 10, max: collections.length > 2 ? 16 : 40 }),
    itemsPerPage: fc.integer({ min: 3, max: 6 }),
    concurrency: fc.constantFrom(1 as const, 1 as const, 2 as const, 4 as const),
    apiAheadSeconds: fc.oneof(
      { weight: 5, arbitrary: fc.constant(0) },
      { weight: 2, arbitrary: fc.constantFrom(-300, -20, 2, 20, 300) },
    ),
    pastEnd: fc.constantFrom('empty' as const, 'empty' as const, 'not-found' as const, 'last-page' as const),
    ignoresFilters: fc.constantFrom(...new Array(11).fill(false), true),
    phases: fc
      .tuple(
        phaseOf(collections, fc.constant('sync')),
        fc.array(phaseOf(collections, anyHow), { maxLength: 3 }),
        phaseOf(collections, fc.constantFrom('sync', 'sync', 'full')),
        fc.option(interruption(collections), { freq: 2 }),
      )
      .map(([first, between, last, interrupted]) => [
        first,
        ...(interrupted ?? []),
        ...between,
        // What was left behind is gone on with, and no script ends with an open run.
        { ...last, run: { ...last.run, stopAt: null } },
      ]),
  }),
);

/** The script without some kinds of acts; `pause` and `clock` (of the API) count as such. */
export function without(whole: Script, kinds: readonly string[]): Script {
  const stays = ({ do: what }: Act) => !kinds.includes(what.replaceAll(' ', '-'));
  return {
    ...whole,
    apiAheadSeconds: kinds.includes('clock') ? 0 : whole.apiAheadSeconds,
    phases: whole.phases.map(({ pauseMinutes, acts, run }) => ({
      pauseMinutes: kinds.includes('pause') ? 0 : pauseMinutes,
      acts: acts.filter(stays),
      run: { ...run, during: run.during.filter(({ act }) => stays(act)) },
    })),
  };
}
