// Instants and dates as the API may write them, and what of ISO 8601 is read: YYYY-MM-DD, T (t, or one space) hh:mm[:ss]
// with any number of decimals, and an offset: Z (z, UTC), +hh:mm, +hhmm or +hh. Whatever leaves open which instant it is,
// or which form, is not guessed at.

const DATE = '(\\d{4})-(\\d\\d)-(\\d\\d)';
const TIME = '(\\d\\d):(\\d\\d)(?::(\\d\\d)(?:[.,](\\d+))?)?';
const OFFSET = '(?:Z|UTC|([+-])(\\d\\d)(?::?(\\d\\d))?)';
const INSTANT = new RegExp(`^${DATE}[T ]${TIME} ?${OFFSET}$`, 'i');
const DAY = new RegExp(`^${DATE}(?:[T ]${TIME} ?${OFFSET}?)?$`, 'i');

/** PostgreSQL knows others, but none of them is a date of a shop. */
const FIRST_MS = Date.parse('0001-01-01T00:00:00.000Z');
const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z');

/** Epoch milliseconds; smaller parts of a second are cut off. undefined = it is no instant of the years 1 to 9999. */
export function instantMs(text: string): number | undefined {
  const found = INSTANT.exec(text);
  if (found === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = '', sign, hours, minutes] = found;
  const midnight = midnightMs(year, month, day);
  const time = timeMs(hour, minute, second);
  const offset = timeMs(hours, minutes, undefined);
  if (midnight === undefined || time === undefined || offset === undefined) return undefined;
  const ms = midnight + time + Number(fraction.slice(0, 3).padEnd(3, '0')) - (sign === '-' ? -offset : offset);
  return ms < FIRST_MS || ms > LAST_MS ? undefined : ms;
}

/** YYYY-MM-DD as it is written; a time after it is cut off, since old create tables call dates datetimes. */
export function dayOf(text: string): string | undefined {
  const found = DAY.exec(text);
  if (found === null) return undefined;
  const [, year, month, day, hour, minute, second, , , hours, minutes] = found;
  const midnight = midnightMs(year, month, day);
  if (midnight === undefined || midnight < FIRST_MS) return undefined;
  if (timeMs(hour, minute, second) === undefined || timeMs(hours, minutes, undefined) === undefined) return undefined;
  return text.slice(0, 10);
}

function midnightMs(year = '', month = '', day = ''): number | undefined {
  const date = new Date(0);
  // Not Date.UTC(), which takes the years before 100 for those of the last century.
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  const isOne = date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
  return isOne ? date.getTime() : undefined;
}

function timeMs(hour = '0', minute = '0', second = '0'): number | undefined {
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second) > 59) return undefined;
  return ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1_000;
}
