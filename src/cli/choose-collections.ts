// Names of collections on a command line.
import { collections } from '../collections/index.js';
import { UsageError } from '../errors.js';
import type { Collection } from '../sync/collection.js';

/** None or "all" = all of them. Dashes pass for underscores. @throws UsageError naming what was expected */
export function chooseCollections(names: readonly string[]): readonly Collection[] {
  if (names.length === 0 || (names.length === 1 && names[0] === 'all')) return collections;
  const wanted = new Set(names.map((name) => name.toLowerCase().replaceAll('-', '_')));
  const unknown = [...wanted].filter((name) => !collections.some((collection) => collection.name === name));
  if (unknown.length > 0) {
    const known = collections.map(({ name }) => name).join(', ');
    throw new UsageError(`There is no collection "${unknown.join('", "')}". Expected one or more of: ${known}.`);
  }
  return collections.filter(({ name }) => wanted.has(name));
}
