// RFC 7396 merge patch, except that null sets a field to null: the API writes nulls, it does not leave keys out.
import type { JsonObject } from './records.js';

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A new object; nested objects are merged, everything else is replaced, `undefined` removes the key. */
export function mergePatch<T extends JsonObject>(target: T, patch: JsonObject): T {
  const result: JsonObject = { ...target };
  for (const [key, value] of Object.entries(patch)) {
    const old = result[key];
    if (value === undefined) delete result[key];
    else result[key] = isObject(value) && isObject(old) ? mergePatch(old, value) : value;
  }
  return result as T;
}
