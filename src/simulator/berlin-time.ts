// Instants as the API writes and reads them: ISO 8601, three digits of milliseconds, offset of Europe/Berlin.
// The offset is computed from the EU rule (in force since 1996), as asking Intl for every record would cost too much.

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const summers = new Map<number, readonly [number, number]>();

function lastSundayAtOneUtc(year: number, month: number): number {
  const lastDay = Date.UTC(year, month + 1, 0, 1);
  return lastDay - new Date(lastDay).getUTCDay() * dayMs;
}

function summerOf(year: number): readonly [number, number] {
  let summer = summers.get(year);
  if (!summer) {
    summer = [lastSundayAtOneUtc(year, 2), lastSundayAtOneUtc(year, 9)];
    summers.set(year, summer);
  }
  return summer;
}

/** Hours that Berlin is ahead of UTC at this instant: 1 or 2. */
export function berlinOffsetHours(ms: number): 1 | 2 {
  const [start, end] = summerOf(new Date(ms).getUTCFullYear());
  return ms >= start && ms < end ? 2 : 1;
}

/** `2022-08-10T17:53:04.822+02:00`. */
export function formatInstant(ms: number): string {
  const offset = berlinOffsetHours(ms);
  return `${new Date(ms + offset * hourMs).toISOString().slice(0, 23)}+0${offset}:00`;
}

/** `2022-12-01`, the Berlin date of the instant. */
export function formatDate(ms: number): string {
  return new Date(ms + berlinOffsetHours(ms) * hourMs).toISOString().slice(0, 10);
}

const instantPattern =
  /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2})(?::(\d{2})(\.\d{1,9})?)?(Z|[+-](?:[01]\d|2[0-3]):?[0-5]\d)$/;

/**
 * Milliseconds since 1970 (with a fraction when the text has more than three digits), or undefined when the text is not
 * an ISO 8601 datetime. The offset is required: how the API reads a time without one is not documented.
 */
export function parseInstant(text: string): number | undefined {
  const match = instantPattern.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second = '0', sub = '0', zone = 'Z'] = match;
  const utc = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  const date = new Date(utc);
  const isReal =
    date.getUTCMonth() === Number(month) - 1 &&
    date.getUTCDate() === Number(day) &&
    date.getUTCHours() === Number(hour) &&
    Number(minute) < 60 &&
    Number(second) < 60;
  return isReal ? utc - zoneMs(zone) + subMs(sub) : undefined;
}

function subMs(sub: string): number {
  const digits = sub.slice(1).padEnd(9, '0');
  return Number(digits.slice(0, 3)) + Number(digits.slice(3)) / 1_000_000;
}

function zoneMs(zone: string): number {
  if (zone === 'Z') return 0;
  const minutes = Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return (zone.startsWith('-') ? -1 : 1) * minutes * 60_000;
}
