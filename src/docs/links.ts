// Which column points to which: read from the comments, which name it ("hive.skus.id"), so that it is said once.
import { relations } from './relations.js';

export interface Link {
  readonly table: string;
  readonly column: string;
  /** Table of schema hive whose id the column holds. */
  readonly to: string;
}

const target = /\bhive\.(\w+)\.id\b/;

/** Between tables of schema hive. No link is a foreign key: pages arrive in any order. */
export const links: readonly Link[] = relations
  .filter(({ schema, kind }) => schema === 'hive' && kind === 'table')
  .flatMap(({ name: table, columns }) =>
    columns.flatMap(({ name: column, type, comment }) => {
      const to = type === 'bigint' ? target.exec(comment)?.[1] : undefined;
      return to === undefined ? [] : [{ table, column, to }];
    }),
  );
