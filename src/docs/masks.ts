// What roles with masked data may see: the content of migrations/masks.json. What is not in it, is masked.
import { relations } from './relations.js';

/** Columns by table or view of schema hive. */
export const masks: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  relations
    .filter(({ schema }) => schema === 'hive')
    .map(({ name, columns }): [string, string[]] => [
      name,
      columns.filter(({ isHarmless }) => isHarmless).map((column) => column.name),
    ])
    .filter(([, columns]) => columns.length > 0),
);
