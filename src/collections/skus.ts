// SKUs: what the shop sells and how much of it lies where. The list filters by created_at, so windows can be pinned and cut.
import { bool, cents, day, flat, id, instant, integer, number, text, texts } from '../db/columns.js';
import { defineCollection } from '../sync/tables/define-collection.js';

export const skus = defineCollection({
  name: 'skus',
  singular: 'SKU',
  comment:
    'One row per SKU (article) of the shop, with its stock over all warehouses. Stock per warehouse is in hive.sku_inventory, stock per batch in hive.sku_batches and hive.sku_batch_quantities.',
  docs: 'https://developers.hive.app/reference/api-reference/skus',
  path: '/skus',
  filtersByCreatedAt: true,
  // Stock moves with every order and delivery, and a deleted SKU comes back when the shop writes to it again.
  closedWhen: 'never',
  merchantKey: 'merchant_sku_id',
  parentKey: 'sku_id',
  fields: {
    id: id("Hive's id of the SKU."),
    merchant_sku_id: text("The shop's own code of the SKU.", { personal: false }),
    name: text('Name of the SKU, as the shop wrote it.', { personal: false }),
    created_at: instant('When the SKU was created at Hive.'),
    barcode: text('Barcode on the goods, as text: leading zeros count; null when not given.', { personal: false }),
    batch_tracking_enabled: bool('True when Hive keeps the stock of this SKU apart by batch: hive.sku_batches.'),
    cost_in_cents: cents("Cost of one piece, in cents of the shop's currency; null when not given."),
    country_code_of_origin: text(
      'ISO 3166-1 alpha-2 code of the country of origin, for customs; null when not given.',
      { personal: false },
    ),
    hs_code: text('Harmonised System code of the goods, for customs, as text; null when not given.', {
      personal: false,
    }),
    fulfilled_by: text('Who ships this SKU.', {
      values: {
        hive: 'Hive stores and ships it',
        other: 'someone else ships it; Hive leaves it alone',
        new: 'not decided yet: the state of a newly imported SKU',
      },
    }),
    image_url: text('Public address of a picture; null when there is none.', { personal: false }),
    status: text(
      'Whether the SKU is in use. A SKU that the shop deletes stays in the API with another status; that is not _deleted_at, which is set when the API holds no such SKU any more.',
      {
        status: true,
        values: {
          active: 'in use',
          deleted: 'deleted by the shop; becomes active again when the shop creates or updates it',
        },
      },
    ),
    weight_in_kg: number('Weight of one piece, in kilograms; null when not given.'),
    ...flat('inventory', 'inventory', {
      stocked: integer('Pieces that can be sold, over all warehouses: total less the buffer, if the shop has set one.'),
      reserved: integer('Pieces held for orders, over all warehouses.'),
      total: integer('Pieces available, over all warehouses; equals inventory_stocked when there is no buffer.'),
    }),
    dangerous_good: bool(
      'True when Hive handles the SKU as dangerous goods. Only newer versions of the API send it; null otherwise.',
    ),
    hazardous_good: bool(
      'True when Hive handles the SKU as hazardous goods. Only newer versions of the API send it; null otherwise.',
    ),
    h_codes: texts(
      'Hazard codes (H statements) of the goods. Only newer versions of the API send them; null otherwise.',
      { personal: false },
    ),
    un_names: texts(
      'UN numbers of the goods, for transport. Only newer versions of the API send them; null otherwise.',
      { personal: false },
    ),
  },
  indexes: [{ on: ['merchant_sku_id'] }],
  children: [
    {
      table: 'sku_inventory',
      comment: 'The stock of a SKU per warehouse. Its sum over the warehouses is the stock in hive.skus.',
      from: 'inventory_per_warehouse',
      daily: {
        table: 'inventory_daily',
        comment:
          'The stock of a SKU per warehouse at the end of each day on which it was seen to be another than before, in the days of SYNC_TIMEZONE. When a SKU is gone from Hive (_deleted_at), that is a row of nulls on the day on which it was seen. A day without a row has the stock of the last row before it: hive.inventory_by_day fills these days in.',
        by: 'warehouse_id',
      },
      fields: {
        warehouse_id: id("Hive's id of the warehouse: hive.warehouses.id."),
        stocked: integer('Pieces in this warehouse that can be sold: total less the buffer, if the shop has set one.'),
        reserved: integer('Pieces in this warehouse held for orders.'),
        total: integer('Pieces available in this warehouse; equals stocked when there is no buffer.'),
      },
    },
    {
      table: 'sku_batches',
      comment:
        'The batches of a SKU. How many pieces of a batch lie in which warehouse is in hive.sku_batch_quantities.',
      from: 'inventory_batches',
      fields: {
        id: id("Hive's id of the batch."),
        name: text('Name of the batch.', { personal: false }),
        tracking_code: text('Code by which the batch is traced, such as a lot number.', { personal: false }),
        expiry_date: day('Day on which the batch expires; null when it does not.'),
      },
      children: [
        {
          table: 'sku_batch_quantities',
          comment: 'How many pieces of a batch lie in which warehouse.',
          from: 'stocked_quantities',
          link: 'batch_position',
          fields: {
            warehouse_id: id("Hive's id of the warehouse: hive.warehouses.id."),
            quantity: integer('Pieces of the batch in this warehouse that can be sold.'),
          },
        },
      ],
    },
  ],
  example: {
    id: 9,
    merchant_sku_id: '2218061549136',
    name: 'Morph II',
    created_at: '2022-08-10T17:53:04.822+02:00',
    barcode: '2218061549136',
    batch_tracking_enabled: true,
    cost_in_cents: 1250,
    country_code_of_origin: 'DE',
    hs_code: '33049900',
    fulfilled_by: 'hive',
    image_url: 'http://example.com/image.png',
    status: 'active',
    weight_in_kg: 45.37,
    inventory: { stocked: 10000, reserved: 12, total: 10000 },
    inventory_per_warehouse: [
      { warehouse_id: 22, stocked: 6720, reserved: 10, total: 6720 },
      { warehouse_id: 65, stocked: 3280, reserved: 2, total: 3280 },
    ],
    inventory_batches: [
      {
        id: 827,
        name: 'Morph II - 827',
        tracking_code: 'A01234',
        expiry_date: '2023-12-30',
        stocked_quantities: [
          { warehouse_id: 22, quantity: 6720 },
          { warehouse_id: 65, quantity: 280 },
        ],
      },
      {
        id: 828,
        name: 'Morph II - 828',
        tracking_code: 'A01235',
        expiry_date: '2024-06-30',
        stocked_quantities: [{ warehouse_id: 65, quantity: 3000 }],
      },
    ],
    dangerous_good: true,
    hazardous_good: true,
    h_codes: ['H222', 'H229'],
    un_names: ['UN1950'],
  },
});

export const [skusTable, skuInventory, skuBatches, skuBatchQuantities, inventoryDaily] = skus.tables;
