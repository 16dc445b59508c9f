// Reading the fields of a request's body.
import { parseInstant } from '../berlin-time.js';
import type { JsonObject } from '../records.js';

/** Whether Rails would say "can't be blank". */
export function isBlank(value: unknown): boolean {
  if (typeof value === 'string') return value.trim() === '';
  return value === undefined || value === null || (Array.isArray(value) && value.length === 0);
}

/** The fields that may be written; others are ignored. */
export function pickFields(body: JsonObject, fields: readonly string[]): JsonObject {
  return Object.fromEntries(fields.filter((field) => field in body).map((field) => [field, body[field]]));
}

/** Milliseconds, undefined when absent, NaN when it is no datetime. */
export function instantField(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === 'string' ? (parseInstant(value) ?? Number.NaN) : Number.NaN;
}
