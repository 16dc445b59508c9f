// Warehouses: where Hive keeps and packs goods. Few, and nothing of the page that documents them could be read.
import { id, text } from '../db/columns.js';
import { defineCollection } from '../sync/tables/define-collection.js';

export const warehouses = defineCollection({
  name: 'warehouses',
  singular: 'warehouse',
  comment: "One row per warehouse of Hive that takes part in the shop's logistics.",
  docs: 'https://developers.hive.app/reference/api-reference/warehouses',
  path: '/warehouses',
  filtersByCreatedAt: false,
  // A warehouse has no life cycle: its name or address may change at any time, and the list is a page or so.
  closedWhen: 'never',
  parentKey: 'warehouse_id',
  fields: {
    id: id("Hive's id of the warehouse.", { assumed: true }),
    name: text('Name of the warehouse.', { personal: false, assumed: true }),
    country_code: text('ISO 3166-1 alpha-2 code of the country in which the warehouse stands.', {
      personal: false,
      assumed: true,
    }),
    city: text('City in which the warehouse stands.', { personal: false, assumed: true }),
    postal_code: text('Postal code, as text: leading zeros and letters count.', { personal: false, assumed: true }),
    line1: text('Street and number of the warehouse.', { personal: false, assumed: true }),
  },
  children: [],
  example: {
    id: 22,
    name: 'Berlin 1',
    country_code: 'DE',
    city: 'Berlin',
    postal_code: '12099',
    line1: 'Hafenstrasse 1',
  },
});

export const [warehousesTable] = warehouses.tables;
