// A collection's description → its tables. Each row of the records' table says where it comes from.
import { bigint, jsonb, primaryKey, text, timestamp } from 'drizzle-orm/pg-core';
import { harmlessOf } from '../../db/columns.js';
import { describeRelation } from '../../db/described.js';
import { hive } from '../../db/hive-schema.js';
import type { Child, Collection, CollectionSpec } from '../collection.js';
import { defineChild } from './child-tables.js';
import { ACCOUNT_COMMENT, columnsOf, commentsOf, indexesOf, valuesOf } from './table-parts.js';

/** Columns of every records' table that say where a row comes from. */
const provenance = () => ({
  _first_seen_at: timestamp({ withTimezone: true, precision: 3 }).notNull(),
  _fetched_at: timestamp({ withTimezone: true, precision: 3 }).notNull(),
  _changed_at: timestamp({ withTimezone: true, precision: 3 }).notNull(),
  _deleted_at: timestamp({ withTimezone: true, precision: 3 }),
  _source: text().notNull(),
  _run_id: bigint({ mode: 'number' }),
  _previous: jsonb(),
  _lost: text().array(),
  _content_hash: text().notNull(),
  _raw: jsonb().notNull(),
});

const provenanceComments: Readonly<Record<keyof ReturnType<typeof provenance>, string>> = {
  _first_seen_at: 'When we first received the record. Never null.',
  _fetched_at:
    'Start of the request that this version of the record came with. A later answer that shows it unchanged moves it when it was asked for this record alone or weighed against a webhook, else not. Never null.',
  _changed_at: 'When the content last changed, as far as we saw. Never null.',
  _deleted_at:
    'When the API said that there is no such record any more; null for all others. Rows are never removed, so leave these out: where _deleted_at is null.',
  _source:
    'How the answer of _fetched_at came: page (of the list) | record (asked for by its id) | webhook (sent by Hive). Never null.',
  _run_id:
    'The run that wrote this version: sync.runs.id, for as long as LEDGER_RETENTION keeps it. Null outside a run.',
  _previous:
    'The statuses and _deleted_at of the version before, as hive.status_changes compared them; null while there is only one.',
  _lost:
    'Columns whose value in this version could not be read (of part tables as table.column): they keep the last good value, or are null when there was none. Null = all were read. See hive.schema_drift.',
  _content_hash: 'Fingerprint of the payload, by which changes are seen. Never null.',
  _raw: "The record as the API sent it, also with fields that have no column: _raw->>'a_new_field'. Never null. Personal data.",
};

/** Not the payload, and not what is made of it. */
const harmlessProvenance = Object.keys(provenanceComments).filter((name) => !['_raw', '_content_hash'].includes(name));

const flatten = (children: readonly Child[]): Child[] =>
  children.flatMap((child) => [child, ...flatten(child.children)]);

/** Describes a collection once; its tables, its parsing and its documentation follow from that. */
export function defineCollection(spec: CollectionSpec): Collection {
  const pgTable = hive.table(
    spec.name,
    { account: text().notNull(), ...columnsOf(spec.fields), id: bigint({ mode: 'number' }).notNull(), ...provenance() },
    (table) => [
      primaryKey({ columns: [table.account, table.id] }),
      // For counts: all by the primary key, less these.
      ...indexesOf(spec.name, [{ on: ['account', '_deleted_at'], where: '_deleted_at is not null' }], table),
      ...indexesOf(spec.name, [{ on: ['account', 'id'], where: '_lost is not null' }], table),
      ...indexesOf(spec.name, spec.indexes, table),
    ],
  );
  describeRelation(pgTable, {
    relation: `${spec.comment} See ${spec.docs}`,
    columns: { account: ACCOUNT_COMMENT, ...commentsOf(spec.fields, spec.docs, 'id'), ...provenanceComments },
    harmless: ['account', ...harmlessOf(spec.fields), ...harmlessProvenance],
    values: valuesOf(spec.fields),
  });
  const children = spec.children.map((child) => defineChild(child, { spec, enclosing: spec.name }));
  const allChildren = flatten(children);
  return {
    ...spec,
    pgTable,
    statusFields: Object.keys(spec.fields).filter((name) => spec.fields[name]?.status === true),
    children,
    allChildren,
    tables: [
      pgTable,
      ...allChildren.map((child) => child.pgTable),
      ...allChildren.flatMap(({ dailyTable }) => dailyTable?.pgTable ?? []),
    ],
  };
}
