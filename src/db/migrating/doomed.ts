// What a migration takes away for a moment or for good, read from its statements: PostgreSQL refuses these where others
// have built views on them.
import type { Step } from './steps.js';

export interface Doomed {
  /** As PostgreSQL reads it: `"hive"."freshness"`. */
  readonly relation: string;
  /** Absent: the relation as a whole is dropped. */
  readonly column?: string;
}

const NAME = '"?(\\w+)"?\\."?(\\w+)"?';
const DROP = new RegExp(
  `\\bdrop\\s+(?:view|table)\\s+(?:if\\s+exists\\s+)?${NAME}((?:\\s*,\\s*"?\\w+"?\\."?\\w+"?)*)`,
  'gi',
);
const ALTER = new RegExp(
  `\\balter\\s+table\\s+(?:only\\s+)?${NAME}\\s+(?:drop\\s+column\\s+(?:if\\s+exists\\s+)?"?(\\w+)"?|alter\\s+column\\s+"?(\\w+)"?\\s+(?:set\\s+data\\s+)?type\\b)`,
  'gi',
);

export function doomedBy(steps: readonly Pick<Step, 'statements'>[]): Doomed[] {
  const text = steps.flatMap(({ statements }) => statements).join(';\n');
  const dropped = [...text.matchAll(DROP)].flatMap(([, schema = '', name = '', more = '']) => [
    named(schema, name),
    ...[...more.matchAll(new RegExp(NAME, 'g'))].map(([, s = '', n = '']) => named(s, n)),
  ]);
  const altered = [...text.matchAll(ALTER)].map(([, schema = '', name = '', gone, changed]) => ({
    relation: named(schema, name),
    column: gone ?? changed ?? '',
  }));
  const whole = new Set(dropped);
  return [...[...whole].map((relation) => ({ relation })), ...altered.filter(({ relation }) => !whole.has(relation))];
}

const named = (schema: string, name: string): string => `"${schema}"."${name}"`;

/** `"hive"."freshness"` → `hive.freshness` */
export const plainName = ({ relation }: Doomed): string => relation.replaceAll('"', '');
