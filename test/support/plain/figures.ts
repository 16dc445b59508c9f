// Exact arithmetic and calendar for what the views are to say: fractions of whole numbers, days as numbers.

const DAY_MS = 86_400_000;

/** A fraction, rounded half away from zero to so many decimals. */
export function rounded(numerator: bigint, denominator: bigint, decimals: number): number {
  return Number(`${roundedToWhole(numerator * 10n ** BigInt(decimals), denominator)}e-${decimals}`);
}

export function roundedToWhole(numerator: bigint, denominator: bigint): bigint {
  const [n, d] = denominator < 0n ? [-numerator, -denominator] : [numerator, denominator];
  const half = (2n * (n < 0n ? -n : n) + d) / (2n * d);
  return n < 0n ? -half : half;
}

/** Hours from one instant to another, to one decimal. @param from epoch milliseconds @param to epoch milliseconds */
export const hours = (from: number | null, to: number | null): number | null =>
  from === null || to === null ? null : rounded(BigInt(to - from), 3_600_000n, 1);

const calendars = new Map<string, Intl.DateTimeFormat>();

/** The calendar day of an instant (epoch milliseconds) in a time zone, as days since 1970-01-01. */
export function dayIn(timeZone: string, at: number): number {
  const options = { timeZone, era: 'short', year: 'numeric', month: 'numeric', day: 'numeric' } as const;
  const calendar = calendars.get(timeZone) ?? new Intl.DateTimeFormat('en-US', options);
  calendars.set(timeZone, calendar);
  const parts = new Map(calendar.formatToParts(at).map(({ type, value }) => [type, value]));
  const year = Number(parts.get('year'));
  const day = new Date(0);
  day.setUTCFullYear(
    parts.get('era') === 'BC' ? 1 - year : year,
    Number(parts.get('month')) - 1,
    Number(parts.get('day')),
  );
  return day.getTime() / DAY_MS;
}

/** 1970-01-01 was a Thursday. */
export const mondayOf = (day: number): number => day - ((((day + 3) % 7) + 7) % 7);

/** As PostgreSQL writes it. */
export function dayText(day: number): string {
  const at = new Date(day * DAY_MS);
  const year = at.getUTCFullYear();
  const monthAndDay = at.toISOString().slice(-20, -14);
  return year > 0
    ? `${String(year).padStart(4, '0')}${monthAndDay}`
    : `${String(1 - year).padStart(4, '0')}${monthAndDay} BC`;
}

/** @param text YYYY-MM-DD */
export const dayOfText = (text: string): number => Date.parse(`${text}T00:00:00Z`) / DAY_MS;

/** The values of each group, in the order in which the groups first appear. */
export function grouped<T>(values: readonly T[], keyOf: (value: T) => readonly unknown[]): T[][] {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const key = JSON.stringify(keyOf(value));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [value]);
    else group.push(value);
  }
  return [...groups.values()];
}

/** Texts in the order of their letters, each once. */
export const inOrder = (texts: readonly string[]): string[] => [...new Set(texts)].sort();

export const sumOf = (values: readonly (number | null)[]): bigint =>
  values.reduce((sum, value) => sum + BigInt(value ?? 0), 0n);
