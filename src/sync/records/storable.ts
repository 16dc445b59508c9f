// What JSON can hold and PostgreSQL cannot: NUL and lone surrogates. They are written as visible escapes (\u0000), so
// that nothing is lost and everything can be stored.

/** In JSON text. It may also match an escaped backslash before "u0000": then the slow way finds nothing to do. */
const SUSPICIOUS = /\\u0000|\\ud[89a-f]/i;
// biome-ignore lint/suspicious/noControlCharactersInRegex: NUL is what it looks for
const UNSTORABLE = /\u0000|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

const escapeText = (text: string): string =>
  text.replace(UNSTORABLE, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

/**
 * @param json the value as JSON text, to see quickly that nothing has to be done
 * @returns the value with escapes, and the dotted paths of the texts and keys that were changed
 */
export function toStorable(value: unknown, json: string): { value: unknown; escaped: readonly string[] } {
  if (!SUSPICIOUS.test(json)) return { value, escaped: [] };
  const escaped: string[] = [];
  const walk = (at: unknown, path: string): unknown => {
    if (typeof at === 'string') {
      const text = escapeText(at);
      if (text !== at) escaped.push(path);
      return text;
    }
    if (Array.isArray(at)) return at.map((element) => walk(element, `${path}[]`));
    if (typeof at !== 'object' || at === null) return at;
    const names = new Set(Object.keys(at).filter((key) => escapeText(key) === key));
    return Object.fromEntries(
      Object.entries(at).map(([key, inner]) => {
        let name = escapeText(key);
        const inside = path === '' ? name : `${path}.${name}`;
        if (name !== key) {
          escaped.push(inside);
          while (names.has(name)) name += '_';
          names.add(name);
        }
        return [name, walk(inner, inside)];
      }),
    );
  };
  return { value: walk(value, ''), escaped: [...new Set(escaped)] };
}
