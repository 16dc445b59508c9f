// Dates on a command line: 2026-03-31, or an instant with an offset. A date alone is a day in UTC.
import { z } from 'zod';
import { UsageError } from '../../errors.js';

const day = z.iso.date();
const instant = z.iso.datetime({ offset: true });
const DAY_MS = 86_400_000;

/** @param end true: a date alone means its last millisecond. @throws UsageError */
export function readDate(option: string, text: string, { end = false } = {}): Date {
  if (day.safeParse(text).success) return new Date(Date.parse(text) + (end ? DAY_MS - 1 : 0));
  if (instant.safeParse(text).success) return new Date(text);
  throw new UsageError(`${option} is "${text}". Expected a date such as 2026-03-31, or 2026-03-31T12:00:00Z.`);
}
