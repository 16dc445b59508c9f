import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { comments } from '../../src/docs/comments.js';
import { generatedFiles } from '../../src/docs/index.js';
import { links } from '../../src/docs/links.js';
import { relations } from '../../src/docs/relations.js';

const root = path.resolve(import.meta.dirname, '../..');

test.each(Object.entries(generatedFiles()))('%s is what "npm run docs:generate" writes', (file, content) => {
  expect(readFileSync(path.join(root, file), 'utf8')).toBe(content);
});

test('a comment names only tables and columns that exist', () => {
  const places = new Set(Object.keys(comments));
  const named = Object.values(comments).flatMap(
    (comment) => comment.match(/(?<!\.)\b(hive|sync)\.[a-z_]+(\.[a-z_]+)?/g) ?? [],
  );
  expect(named.length).toBeGreaterThan(50);
  expect(named.filter((name) => !places.has(name))).toEqual([]);
});

test('every part is linked to its record, and what an order, a SKU or a warehouse is named by leads to it', () => {
  const drawn = links.map(({ table, column, to }) => `${table}.${column} → ${to}`);
  expect(drawn).toEqual(
    expect.arrayContaining([
      'order_items.order_id → orders',
      'order_items.sku_id → skus',
      'shipments.order_id → orders',
      'sku_inventory.warehouse_id → warehouses',
      'returns.order_id → orders',
      'shipment_item_batches.shipment_id → shipments',
    ]),
  );
  const tables = relations.filter(({ schema, kind }) => schema === 'hive' && kind === 'table').map(({ name }) => name);
  expect(links.filter(({ to }) => !tables.includes(to))).toEqual([]);
});
