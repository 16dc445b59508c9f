// Which generator makes the records of which collection.
import type { CollectionName } from '../records.js';
import { generateOrder } from './orders.js';
import { generateRestockingShipment } from './restocking-shipments.js';
import { generateReturn } from './returns.js';
import { generateShipment } from './shipments.js';
import { generateSku } from './skus.js';
import { generateWarehouse } from './warehouses.js';
import type { Generate } from './world.js';

export const generators: Record<CollectionName, Generate> = {
  warehouses: generateWarehouse,
  skus: generateSku,
  orders: generateOrder,
  shipments: generateShipment,
  returns: generateReturn,
  restocking_shipments: generateRestockingShipment,
};
