// Retry-After → milliseconds (RFC 9110 section 10.2.3: seconds or an HTTP date; Hive sends fractions such as 3.2).

/** A shorter wait is not worth a pause: the slot would be spent on another 429. */
export const RETRY_AFTER_FLOOR_MS = 250;
/** A longer one is not believed: the run would look hung. The next 429 renews it. */
export const RETRY_AFTER_CEILING_MS = 15 * 60_000;

const SECONDS = /^\d+(\.\d+)?$/;
/** The fixed form of RFC 9110; Date.parse() alone would also take "3" or "next year 2027". */
const HTTP_DATE = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * @param header value of Retry-After, or null when the answer had none
 * @param now epoch milliseconds, for the date form
 * @returns milliseconds to wait between floor and ceiling; undefined when the header is absent or nonsense
 */
export function retryAfterMs(header: string | null, now: number): number | undefined {
  const text = header?.trim() ?? '';
  if (SECONDS.test(text)) return clamp(Number(text) * 1_000);
  if (HTTP_DATE.test(text)) {
    const at = Date.parse(text);
    // A date has whole seconds: the instant meant may be up to a second later.
    if (!Number.isNaN(at)) return clamp(at + 999 - now);
  }
  return undefined;
}

const clamp = (ms: number): number => Math.ceil(Math.min(Math.max(ms, RETRY_AFTER_FLOOR_MS), RETRY_AFTER_CEILING_MS));
