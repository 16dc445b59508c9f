// Which fields of a record the collection's description knows, and which ones a record has beyond that.
import type { Field, Fields } from '../../db/columns.js';
import type { Child, Collection } from '../collection.js';

export type JsonObject = Readonly<Record<string, unknown>>;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Where a field's value may lie in the API's object. */
export const pathsOf = (column: string, field: Field): readonly string[] => field.from ?? [column];

/** A known field; with inner fields when it is an object or a list of objects. */
interface Known {
  readonly inner: Map<string, Known> | undefined;
  readonly isList: boolean;
}

const trees = new WeakMap<Collection, Map<string, Known>>();

/** A value at a dotted path (`items[].colour`) that no column takes; `expected` when it stands where objects belong. */
interface Unexpected {
  readonly path: string;
  readonly value: unknown;
  readonly expected: 'object' | null;
}

export function unexpectedFields(collection: Collection, record: JsonObject): Unexpected[] {
  let tree = trees.get(collection);
  if (tree === undefined) {
    tree = treeOf(collection.fields, collection.children);
    trees.set(collection, tree);
  }
  const found: Unexpected[] = [];
  compare(tree, record, '', found);
  return found;
}

function compare(tree: Map<string, Known>, object: JsonObject, prefix: string, found: Unexpected[]): void {
  for (const key in object) {
    const known = tree.get(key);
    const value = object[key];
    if (known === undefined) found.push({ path: prefix + key, value, expected: null });
    else if (known.inner === undefined || value === undefined || value === null || value === '') continue;
    else if (isObject(value)) compare(known.inner, value, `${prefix}${key}.`, found);
    // What else stands where a list belongs is for parse.ts to judge.
    else if (!known.isList) found.push({ path: prefix + key, value, expected: 'object' });
    else if (Array.isArray(value)) {
      for (const element of value) if (isObject(element)) compare(known.inner, element, `${prefix}${key}[].`, found);
    }
  }
}

function treeOf(fields: Fields, children: readonly Child[]): Map<string, Known> {
  const tree = new Map<string, Known>();
  for (const [column, field] of Object.entries(fields)) {
    for (const path of pathsOf(column, field)) {
      const inner = field.each === undefined ? undefined : new Map([[field.each, { inner: undefined, isList: false }]]);
      plant(tree, path.split('.'), { inner, isList: inner !== undefined });
    }
  }
  for (const child of children) tree.set(child.from, { inner: treeOf(child.fields, child.children), isList: true });
  return tree;
}

function plant(tree: Map<string, Known>, [key, ...rest]: string[], leaf: Known): void {
  if (key === undefined) return;
  if (rest.length === 0) {
    tree.set(key, leaf);
    return;
  }
  const inner = tree.get(key)?.inner ?? new Map<string, Known>();
  tree.set(key, { inner, isList: false });
  plant(inner, rest, leaf);
}
