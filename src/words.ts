// Numbers, durations and instants for people: the same words on a terminal and on a page.

/** 1234567 → "1,234,567". */
export const inThousands = (n: number): string => n.toLocaleString('en-US');

/** Milliseconds → "3.2 s", "1 min 05 s", "2 h 10 min". */
export function inWords(ms: number): string {
  const seconds = ms / 1_000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(Math.round(seconds) / 60);
  if (minutes < 60) return `${minutes} min ${String(Math.round(seconds) % 60).padStart(2, '0')} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** An instant as people and psql write it, in UTC. */
export const inUtc = (at: Date): string =>
  at
    .toISOString()
    .replace('T', ' ')
    .replace(/\.\d+Z$/, ' UTC');

/** How long ago something was, roughly: "12 s", "4 min", "3 h", "5 days". */
export function inAge(ms: number): string {
  const minutes = Math.floor(Math.max(0, ms) / 60_000);
  if (minutes < 1) return `${Math.floor(Math.max(0, ms) / 1_000)} s`;
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`;
}

/** A text of at most `length` characters, and what was left out of a longer one: "abc … (1,204 characters in all)". */
export function inShort(text: string, length: number): string {
  if (text.length <= length) return text;
  // Not in the middle of a character.
  const start = text.slice(0, length).replace(/[\ud800-\udbff]$/, '');
  return `${start} … (${inThousands(text.length)} characters in all)`;
}

/** "1 page", "2 pages", "1,204 pages". */
export const counted = (n: number, one: string, many = `${one}s`): string =>
  `${inThousands(n)} ${n === 1 ? one : many}`;

/** What a comparison of the API's count with our own showed; undefined when they agreed, or were not compared. */
export function differenceInWords(missing: number | null, at: Date | null): string | undefined {
  if (missing === null || missing === 0 || at === null) return undefined;
  const what = missing > 0 ? `behind by ${counted(missing, 'record')}` : `${counted(-missing, 'record')} too many`;
  return `${what} as of ${inUtc(at)}, by the API's own count`;
}
