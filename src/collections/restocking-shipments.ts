// Restocking shipments: goods that the shop sends to a warehouse. No filter of the list is documented, so it is read
// as a whole; it is sorted by creation, yet a record does not say when it was created.
import { cents, day, id, integer, text } from '../db/columns.js';
import { defineCollection } from '../sync/tables/define-collection.js';

export const restockingShipments = defineCollection({
  name: 'restocking_shipments',
  singular: 'restocking shipment',
  comment:
    'One row per restocking shipment: goods on their way from the shop or its suppliers to a warehouse. What is inside is in hive.restocking_shipment_items, the batches of that in hive.restocking_shipment_item_batches.',
  docs: 'https://developers.hive.app/reference/api-reference/restocking-shipments',
  path: '/restocking_shipments',
  filtersByCreatedAt: false,
  // Both are ends: restocked goods are counted and belong to the stock, a cancelled delivery does not come.
  closedWhen: [{ status: ['restocked', 'cancelled'] }],
  webhookEvents: ['restocking_shipment_status_updated'],
  parentKey: 'restocking_shipment_id',
  fields: {
    id: id("Hive's id of the restocking shipment."),
    merchant_id: id("Hive's id of the merchant. Only an old version of the API shows it; null otherwise."),
    warehouse_id: id("Hive's id of the warehouse to which the goods go: hive.warehouses.id."),
    estimated_arrival_date: day('Day on which the shop expects the goods to arrive.'),
    delivery_option: text('How the goods get to the warehouse.', {
      values: {
        postal: 'as parcels by post',
        courier: 'by a courier or carrier that the shop hires',
        dropoff: 'brought to the warehouse in person',
        hive_freight: "with Hive's own freight service",
      },
    }),
    tracking_code: text("The carrier's number of the delivery; null when there is none.", { personal: true }),
    po_number: text("The shop's purchase order number; null when not given.", { personal: false }),
    supplier_name: text('Name of the supplier; null when not given.', { personal: true }),
    status: text('State of the restocking shipment.', {
      status: true,
      values: {
        created: 'announced, can still be changed',
        shipped: 'on its way, can still be changed; every restocking shipment made through the API starts here',
        delivered: 'at the warehouse, content not checked yet',
        arrived: 'at the warehouse, papers and packing slip checked',
        processing: 'being unpacked and put on the shelves',
        restocked: 'done: all goods are in stock and counted',
        cancelled: 'the shop cancelled it',
      },
    }),
    barcode: text('Barcode by which the warehouse knows the delivery, such as RS.13.', { personal: false }),
  },
  children: [
    {
      table: 'restocking_shipment_items',
      comment: 'What is inside a restocking shipment, in the order in which the API lists it.',
      from: 'restocking_shipment_items',
      fields: {
        id: id("Hive's id of the restocking shipment item."),
        sku_id: id("Hive's id of the SKU: hive.skus.id."),
        merchant_sku_id: text(
          "The shop's own SKU code: hive.skus.merchant_sku_id. Only newer versions of the API send it; else null.",
          { personal: false },
        ),
        announced_quantity: integer('Pieces that the shop announced.'),
        arrived_quantity: integer('Pieces that arrived, damaged ones not counted; null until the status is restocked.'),
        damaged_quantity: integer('Pieces that arrived damaged; null until the status is restocked.'),
        missing_quantity: integer('Pieces announced that did not arrive; null until the status is restocked.'),
        remarks: text('Remarks on the item, in free words; null when there are none.', { personal: true }),
        total_cost_in_cents: cents(
          "Cost of all pieces of the item together, in cents of the shop's currency; null when not given.",
        ),
      },
      indexes: [{ on: ['sku_id'] }],
      children: [
        {
          table: 'restocking_shipment_item_batches',
          comment: 'The batches to which the pieces of a restocking shipment item belong.',
          // The documentation's table calls it an object, its example shows an array.
          from: 'inventory_batches',
          link: 'item_position',
          fields: {
            id: id("Hive's id of the batch: hive.sku_batches.id."),
            name: text('Name of the batch.', { personal: false }),
            tracking_code: text('Code by which the batch is traced, such as a lot number.', { personal: false }),
            expiry_date: day('Day on which the batch expires; null when it does not.'),
            arrived_quantity: integer(
              "Pieces of the batch that arrived; null until the status is restocked. The sum need not be the item's arrived_quantity.",
            ),
          },
        },
      ],
    },
  ],
  example: {
    id: 13,
    merchant_id: 1,
    warehouse_id: 71,
    estimated_arrival_date: '2022-12-01',
    delivery_option: 'postal',
    tracking_code: '1234567',
    po_number: 'PO-2022-118',
    supplier_name: 'Morph Works',
    status: 'restocked',
    barcode: 'RS.13',
    restocking_shipment_items: [
      {
        id: 15,
        sku_id: 558,
        merchant_sku_id: 'MORPH_558',
        announced_quantity: 10,
        arrived_quantity: 2,
        damaged_quantity: 1,
        missing_quantity: 7,
        remarks: 'one box crushed',
        total_cost_in_cents: 12500,
        inventory_batches: [
          {
            id: 827,
            name: 'Morph II - 827',
            tracking_code: 'A01234',
            expiry_date: '2023-12-30',
            arrived_quantity: 1,
          },
          {
            id: 828,
            name: 'Morph II - 828',
            tracking_code: 'A01235',
            expiry_date: '2024-06-30',
            arrived_quantity: 1,
          },
        ],
      },
      {
        id: 16,
        sku_id: 9,
        merchant_sku_id: '2218061549136',
        announced_quantity: 5,
        arrived_quantity: 5,
        damaged_quantity: 0,
        missing_quantity: 0,
        remarks: 'complete',
        total_cost_in_cents: 6250,
        inventory_batches: [
          {
            id: 830,
            name: 'Morph II - 830',
            tracking_code: 'A01240',
            expiry_date: '2024-12-31',
            arrived_quantity: 5,
          },
        ],
      },
    ],
  },
});

export const [restockingShipmentsTable, restockingShipmentItems, restockingShipmentItemBatches] =
  restockingShipments.tables;
