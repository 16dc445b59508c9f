// The collections that are mirrored: what others refer to comes before what refers to it.
import type { Collection } from '../sync/collection.js';
import { orders } from './orders.js';
import { restockingShipments } from './restocking-shipments.js';
import { returns } from './returns.js';
import { shipments } from './shipments.js';
import { skus } from './skus.js';
import { warehouses } from './warehouses.js';

export const collections: readonly Collection[] = [warehouses, skus, orders, shipments, returns, restockingShipments];

export function collectionNamed(name: string): Collection | undefined {
  return collections.find((collection) => collection.name === name);
}
