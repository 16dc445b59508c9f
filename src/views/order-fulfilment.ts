// How long does an order take, and what became of it? One row per order.
import { orderFulfilment as rollup } from '../db/rollups/order-fulfilment.js';
import { defineView } from './view.js';

export const orderFulfilment = defineView({
  name: rollup.name,
  comment:
    'How each order was fulfilled: one row per order, also for orders without a shipment. Deleted orders, deleted shipments and cancelled shipments are left out.',
  columns: rollup.columns,
  query: rollup.select,
});
