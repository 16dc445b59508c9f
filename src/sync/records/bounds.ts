// What one record may be, so that it can be walked through, hashed and stored. No recursion here: what is looked at may be
// nested without end. What is beyond the bounds is kept as text.

/** Records of the documentation are nested four times. PostgreSQL's own bound depends on its max_stack_depth. */
export const DEEPEST = 100;
/** As JSON text in UTF-8. A shipment with a thousand items is a twentieth of that. */
export const LARGEST_BYTES = 4 * 1_024 * 1_024;
/** Of what is kept as text, in characters: enough to see what it is. */
export const LONGEST_TEXT = 64 * 1_024;

/** Objects and lists count as levels, a record itself as the first. */
export function isDeeperThan(value: unknown, levels: number): boolean {
  let here = [value].filter(isContainer);
  for (let depth = 0; here.length > 0; depth += 1) {
    if (depth === levels) return true;
    const below: object[] = [];
    for (const one of here) for (const inner of Object.values(one)) if (isContainer(inner)) below.push(inner);
    here = below;
  }
  return false;
}

const isContainer = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** What stands for a payload that cannot be stored as it is. */
export interface KeptText {
  /** Canonical JSON, or the start of it. */
  readonly json: string;
  readonly cut: boolean;
}

export function keptAsText(value: unknown): KeptText {
  let json = '';
  for (const piece of canonicalPieces(value)) {
    json += piece;
    // Not in the middle of a character.
    if (json.length > LONGEST_TEXT) {
      return { json: json.slice(0, LONGEST_TEXT).replace(/[\ud800-\udbff]$/, ''), cut: true };
    }
  }
  return { json, cut: false };
}

/** Does it stand for a payload? Then nothing of that can be read from it as a record. */
export const isKeptText = (stored: unknown): stored is KeptText =>
  isContainer(stored) &&
  Object.keys(stored).sort().join() === 'cut,json' &&
  typeof (stored as KeptText).json === 'string' &&
  typeof (stored as KeptText).cut === 'boolean';

/** What canonicalJson() returns, piece by piece: however deep, who stops asking has taken no more than he has. */
function* canonicalPieces(value: unknown): Generator<string> {
  const open: Iterator<Part>[] = [partsOf(value)];
  for (let at = open.at(-1); at !== undefined; at = open.at(-1)) {
    const { done, value: part } = at.next();
    if (done === true) open.pop();
    else if ('text' in part) yield part.text;
    else open.push(partsOf(part.value));
  }
}

type Part = { readonly text: string } | { readonly value: unknown };

/** One level: brackets, commas and keys as text, what stands between them as values. */
function* partsOf(value: unknown): Generator<Part, undefined> {
  if (!isContainer(value)) {
    yield { text: JSON.stringify(value) ?? 'null' };
    return;
  }
  const isList = Array.isArray(value);
  const object = value as Readonly<Record<string, unknown>>;
  let before = isList ? '[' : '{';
  for (const key of isList ? value.keys() : Object.keys(object).sort()) {
    yield { text: isList ? before : `${before}${JSON.stringify(key)}:` };
    yield { value: object[key] };
    before = ',';
  }
  yield { text: `${before === ',' ? '' : before}${isList ? ']' : '}'}` };
}
