// What a migration takes away for a moment or for good, read from its statements: PostgreSQL refuses these where others
// have built views on them.
import { calledNow, quoted } from '../../schema-names.js';
import type { Step } from './steps.js';

/** Schema and name, as they are. */
export type Place = readonly [schema: string, name: string];

export interface Doomed {
  readonly place: Place;
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
  const dropped: Place[] = [...text.matchAll(DROP)].flatMap(([, schema = '', name = '', more = '']) => [
    placeOf(schema, name),
    ...[...more.matchAll(new RegExp(NAME, 'g'))].map(([, s = '', n = '']) => placeOf(s, n)),
  ]);
  const altered = [...text.matchAll(ALTER)].map(([, schema = '', name = '', gone, changed]) => ({
    ...doomedAt(placeOf(schema, name)),
    column: gone ?? changed ?? '',
  }));
  const whole = new Map(dropped.map(doomedAt).map((one) => [one.relation, one]));
  return [...whole.values(), ...altered.filter(({ relation }) => !whole.has(relation))];
}

/** Migrations write the default names. */
const placeOf = (schema: string, name: string): Place => [calledNow(schema), name];

export const doomedAt = (place: Place): Doomed => ({ place, relation: place.map(quoted).join('.') });
