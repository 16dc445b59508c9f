// What was true when: questions to the full history of a simulated record.
import type { ApiRecord, Version } from '../../../src/simulator/index.js';
import { createdAtOf } from './world.js';

/** Clocks of one machine, cut to milliseconds in some places. */
export const SLACK_MS = 3;

export class TruePast {
  readonly #contents: readonly string[];

  /** @param versions oldest first, at least one */
  constructor(readonly versions: readonly Version[]) {
    this.#contents = versions.map(({ record }) => contentOf(record));
  }

  /** Since when it has been there without a break; undefined = it is not there now. */
  get since(): number | undefined {
    const { versions } = this;
    if (versions.at(-1)?.to !== Infinity) return undefined;
    let first = versions.length - 1;
    while (first > 0 && versions[first - 1]?.to === versions[first]?.from) first--;
    return versions[first]?.from;
  }

  /** The earliest created_at that it ever had; undefined = it carries none. */
  get createdAt(): number | undefined {
    const all = this.versions.flatMap(({ record }) => createdAtOf(record) ?? []);
    return all.length === 0 ? undefined : Math.min(...all);
  }

  /** The created_at that it was last seen with; undefined = it carried none. */
  get latestCreatedAt(): number | undefined {
    const last = this.versions.at(-1);
    return last === undefined ? undefined : createdAtOf(last.record);
  }

  /** Was its created_at set to another time in between? */
  wasMovedBetween(from: number, to: number): boolean {
    return this.versions.some(({ from: at, record }, i) => {
      const before = this.versions[i - 1];
      return before !== undefined && at > from && at < to && createdAtOf(before.record) !== createdAtOf(record);
    });
  }

  /** Was it away at some time from then on? */
  wasAwayAfter(at: number): boolean {
    const { versions } = this;
    if ((versions.at(-1)?.to ?? Infinity) < Infinity) return true;
    return versions.some(({ from }, i) => i > 0 && from > at && (versions[i - 1]?.to ?? from) < from);
  }

  /** Has it been away all the time since then? */
  isAwaySince(at: number): boolean {
    return (this.versions.at(-1)?.to ?? Infinity) < at;
  }

  /** Places of the versions with this content, oldest first. */
  placesOf(payload: unknown): number[] {
    const content = contentOf(payload);
    return this.#contents.flatMap((one, i) => (one === content ? [i] : []));
  }

  /** When the last version with this content ended; undefined = it never had it. */
  validUntil(payload: unknown): number | undefined {
    const last = this.placesOf(payload).at(-1);
    return last === undefined ? undefined : this.versions[last]?.to;
  }

  /** When the first version with this content began; undefined = it never had it. */
  validFrom(payload: unknown): number | undefined {
    const [first] = this.placesOf(payload);
    return first === undefined ? undefined : this.versions[first]?.from;
  }

  /** The values of a field one after another, without repetitions. */
  valuesOf(field: string): unknown[] {
    const values = this.versions.map(({ record }) => record[field] ?? null);
    return values.filter((value, i) => i === 0 || value !== values[i - 1]);
  }
}

const contents = new WeakMap<ApiRecord, string>();

/** Equal for equal JSON, whatever the order of keys. */
function contentOf(payload: unknown): string {
  const known = contents.get(payload as ApiRecord);
  if (known !== undefined) return known;
  const content = JSON.stringify(sorted(payload));
  contents.set(payload as ApiRecord, content);
  return content;
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}
