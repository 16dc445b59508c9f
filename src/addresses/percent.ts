// Percent-encoding as people write it: what is no encoding stays as it is.

/**
 * `%40` becomes `@`; a `%` without two hex digits after it, or bytes that are no UTF-8, stay.
 * Source: RFC 3986, 2.1.
 */
export const decodePercent = (text: string): string =>
  text.replace(/(?:%[0-9a-f]{2})+/gi, (run) => {
    try {
      return decodeURIComponent(run);
    } catch {
      return run;
    }
  });

/** For messages about a text that could not be taken apart. */
export const PERCENT_HINT =
  'Write these characters of a user name or password percent-encoded: @ %40, : %3A, / %2F, ? %3F, # %23, % %25';
