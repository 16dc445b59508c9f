// Statements name the schemas by their default names. Where others were chosen, those are put in as a statement is sent:
// for the qualifier of a name, and nowhere else. Literals, comments and what stands within quotation marks stay as they
// are, but for the body of a function, which is a statement itself. With the default names nothing is looked at.
// Source: PostgreSQL documentation, "Lexical Structure" (4.1).
import { changedNames, quoted } from '../../schema-names.js';

const LETTER = '[A-Za-z_\\u0080-\\uffff]';
const NAME = `(?:"(?:[^"]|"")*"|${LETTER}[\\w$\\u0080-\\uffff]*)`;

/** What is passed over as a whole, or looked at. Whatever else there is between two of them is copied. */
const TOKENS = [
  '--[^\\n]*',
  '(?<comment>/\\*)',
  // With escapes; such a literal may go on in another line. What nobody closes goes to the end.
  "[eE]'(?:[^'\\\\]|\\\\[^]|'')*(?:'(?:\\s*\\n\\s*'(?:[^'\\\\]|\\\\[^]|'')*')*|$)",
  "'[^']*(?:'|$)",
  `(?<tag>\\$(?:${LETTER}[\\w\\u0080-\\uffff]*)?\\$)`,
  `(?<name>${NAME})(?<qualifies>\\.(?=${NAME}))?`,
  '"[^]*',
  '\\$?\\d[\\w.]*',
].join('|');

/** @param names what is replaced → by what, both unquoted */
export function requalify(text: string, names: ReadonlyMap<string, string>): string {
  const tokens = new RegExp(TOKENS, 'g');
  let made = '';
  let copied = 0;
  let before = '';
  const put = (from: number, to: number, instead: string): void => {
    made += text.slice(copied, from) + instead;
    copied = to;
  };
  for (let found = tokens.exec(text); found !== null; found = tokens.exec(text)) {
    const { comment, tag, name, qualifies } = found.groups ?? {};
    const { index } = found;
    if (comment !== undefined) {
      tokens.lastIndex = endOfComment(text, index);
      continue;
    }
    if (tag !== undefined) {
      const [begins, closes] = [index + tag.length, text.indexOf(tag, index + tag.length)];
      const ends = closes < 0 ? text.length : closes;
      // create function ... as $$ body $$, do $$ body $$: anywhere else it is a literal.
      if (/^(as|do)$/i.test(before)) put(begins, ends, requalify(text.slice(begins, ends), names));
      tokens.lastIndex = ends + tag.length;
    } else if (name !== undefined && qualifies !== undefined && text[index - 1] !== '.') {
      const instead = names.get(name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase());
      // A quotation mark that touches another one would be read with it, as it would behind U&.
      const apart = /["&]/.test(text[index - 1] ?? '') ? ' ' : '';
      if (instead !== undefined) put(index, index + name.length, apart + quoted(instead));
    }
    before = name ?? '';
  }
  return made + text.slice(copied);
}

/** Comments hold comments. */
function endOfComment(text: string, begins: number): number {
  const edges = /\/\*|\*\//g;
  edges.lastIndex = begins;
  let depth = 0;
  for (let edge = edges.exec(text); edge !== null; edge = edges.exec(text)) {
    depth += edge[0] === '/*' ? 1 : -1;
    if (depth === 0) return edges.lastIndex;
  }
  return text.length;
}

/** Before a statement that was made of what the catalogs say, where all names are the real ones and may be others'. */
export const AS_IT_IS = '/* as it is */ ';

/** Texts are few and come again; those that are made of values are not kept for ever. */
const MOST = 2_000;
const known = new WeakMap<ReadonlyMap<string, string>, Map<string, string>>();

/** A statement as it is sent. */
export function asSent(text: string): string {
  const names = changedNames();
  if (names.size === 0 || text.startsWith(AS_IT_IS)) return text;
  const texts = known.get(names) ?? new Map<string, string>();
  known.set(names, texts);
  const before = texts.get(text);
  if (before !== undefined) return before;
  const made = requalify(text, names);
  if (texts.size >= MOST) texts.clear();
  texts.set(text, made);
  return made;
}
