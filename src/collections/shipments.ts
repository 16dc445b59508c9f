// Shipments: the parcels in which orders leave Hive. No filter of the list is documented, so it is read as a whole.
import { day, id, instant, integer, text, texts } from '../db/columns.js';
import { defineCollection } from '../sync/tables/define-collection.js';

export const shipments = defineCollection({
  name: 'shipments',
  singular: 'shipment',
  comment:
    'One row per shipment. An order can have several. What is inside is in hive.shipment_items, the batches of that in hive.shipment_item_batches.',
  docs: 'https://developers.hive.app/reference/api-reference/shipments',
  path: '/shipments',
  filtersByCreatedAt: false,
  // The carrier has the last word, so `shipped` is not an end: the parcel moves on until it is delivered or sent back
  // (what then happens to it is a return). A cancelled shipment never meets a carrier.
  closedWhen: [{ delivery_status: ['Delivered', 'Returned to sender'] }, { status: ['cancelled'] }],
  webhookEvents: ['shipment_status_updated', 'delivery_status_updated'],
  milestones: ['shipped_at', 'delivered_at'],
  merchantKey: 'merchant_order_id',
  parentKey: 'shipment_id',
  fields: {
    id: id("Hive's id of the shipment."),
    order_id: id("Hive's id of the order: hive.orders.id."),
    merchant_order_id: text("The shop's own id of the order: hive.orders.merchant_order_id.", { personal: false }),
    created_at: instant('When the shipment was created at Hive.'),
    shipped_at: instant('When the shipment was shipped; null until then.'),
    delivered_at: instant('When the shipment reached the recipient; null until then.'),
    shipment_provider: text('Name of the carrier; null when not known.', { personal: false }),
    delivery_status: text(
      "Where the parcel is, as the carrier tells, in Hive's words, with capitals and spaces; null when there is nothing to tell yet.",
      {
        status: true,
        values: {
          'Information transmitted to the carrier':
            'Hive has shipped it and the carrier knows, but has told nothing since',
          'In transit': 'on its way within the network of the carrier',
          'Out for delivery': 'has left the last hub, on the way to the recipient',
          Delivered: 'handed over',
          'Returned to sender': 'the carrier is sending it back, or has done so: see hive.returns',
          'Action required': 'something unusual: a failed attempt to deliver, a lost parcel, a wrong address',
        },
      },
    ),
    status: text('State of the shipment inside the warehouse.', {
      status: true,
      values: {
        waiting_for_picking: 'nobody works on it yet; every shipment starts here',
        on_hold: 'held back for now: the address is in doubt, stock is missing, or the shop starts later',
        picking_assigned: 'someone in the warehouse has taken it on',
        in_picking: 'its goods are being collected',
        picked: 'its goods are collected, packing comes next',
        in_packing: 'it is being packed',
        packed: 'it is packed, shipping comes next',
        in_shipping: 'shipping has begun',
        shipped: 'it has its label and has left the packing station; delivery_status tells the rest',
        cancelled: 'it will not be shipped: the order was cancelled, say',
      },
    }),
    tracking_code: text("The carrier's number of the parcel; null when there is none.", {
      personal: true,
      assumed: true,
    }),
    tracking_url: text(
      "The carrier's page about the parcel; null when there is none. Personal data: such pages show the recipient.",
      { personal: true, assumed: true },
    ),
    updated_at: instant('When the shipment last changed at Hive.', { assumed: true }),
    warehouse_id: id("Hive's id of the warehouse that ships it: hive.warehouses.id.", { assumed: true }),
  },
  indexes: [
    { on: ['order_id'] },
    { on: ['merchant_order_id'] },
    { on: ['created_at'] },
    { on: ['shipped_at'] },
    { on: ['delivery_status', 'shipped_at'], where: "delivery_status <> 'Delivered'" },
    { on: ['status', 'created_at'], where: "status <> 'shipped'" },
  ],
  children: [
    {
      table: 'shipment_items',
      comment: 'What is inside a shipment, in the order in which the API lists it.',
      from: 'items',
      fields: {
        id: id("Hive's id of the shipment item."),
        merchant_item_id: text(
          "The shop's own id of the order's line item: hive.order_items.merchant_item_id, within the same order. Null for add-ons: items added later that are not part of the order.",
          { personal: false },
        ),
        sku_id: id("Hive's id of the SKU: hive.skus.id.", { from: ['sku_id', 'sku.id'], assumed: true }),
        merchant_sku_id: text("The shop's own SKU code: hive.skus.merchant_sku_id.", {
          personal: false,
          from: ['merchant_sku_id', 'sku.merchant_sku_id', 'sku.sku_code'],
          assumed: true,
        }),
        quantity: integer('Pieces in the shipment.'),
        serial_numbers: texts('Serial numbers of the pieces, where Hive records them.', {
          personal: true,
          each: 'serial_number',
          assumed: true,
        }),
      },
      indexes: [{ on: ['sku_id'] }],
      children: [
        {
          table: 'shipment_item_batches',
          comment: 'The batches from which the pieces of a shipment item were taken.',
          from: 'batches',
          link: 'item_position',
          fields: {
            name: text('Name of the batch: hive.sku_batches.name. The API sends no id of it here.', {
              personal: false,
            }),
            tracking_code: text('Code by which the batch is traced: hive.sku_batches.tracking_code.', {
              personal: false,
            }),
            expiry_date: day('Day on which the batch expires; null when it does not.'),
            quantity: integer('Pieces taken from this batch.'),
          },
        },
      ],
    },
  ],
  example: {
    id: 170,
    order_id: 4962,
    merchant_order_id: '60423b95-23b5-4e5b-aa1c-6a71bd90b106',
    created_at: '2022-06-04T03:17:25.533+02:00',
    shipped_at: '2022-06-04T15:02:11.120+02:00',
    delivered_at: '2022-06-06T22:17:46.000+02:00',
    shipment_provider: 'DHL',
    delivery_status: 'Delivered',
    status: 'shipped',
    tracking_code: '00340434161094000001',
    tracking_url: 'https://example.com/track/00340434161094000001',
    updated_at: '2022-06-06T22:17:46.310+02:00',
    warehouse_id: 22,
    items: [
      {
        id: 201,
        merchant_item_id: 'QWERTY0987',
        sku_id: 9,
        merchant_sku_id: '2218061549136',
        quantity: 2,
        batches: [
          { expiry_date: '2023-06-04', name: 'Batch 1', quantity: 1, tracking_code: 'ABC123' },
          { expiry_date: '2023-09-04', name: 'Batch 2', quantity: 1, tracking_code: 'ABC124' },
        ],
        serial_numbers: [{ serial_number: 'SN-0001' }, { serial_number: 'SN-0002' }],
      },
      {
        id: 202,
        merchant_item_id: 'QWERTY0988',
        sku_id: 4,
        merchant_sku_id: 'HIVE_TSH_BLK_M',
        quantity: 1,
        batches: [{ expiry_date: '2024-01-31', name: 'Batch 7', quantity: 1, tracking_code: 'XYZ789' }],
        serial_numbers: [{ serial_number: 'SN-0003' }],
      },
    ],
  },
});

export const [shipmentsTable, shipmentItems, shipmentItemBatches] = shipments.tables;
