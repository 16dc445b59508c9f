// The views of schema hive: what another one reads comes before it.
import type { PgView } from 'drizzle-orm/pg-core';
import { carrierPerformance } from './carrier-performance.js';
import { freshness, oldestProof } from './freshness.js';
import { inventoryByDay } from './inventory-by-day.js';
import { inventoryByWarehouse } from './inventory-by-warehouse.js';
import { orderFulfilment } from './order-fulfilment.js';
import { restockingAccuracy } from './restocking-accuracy.js';
import { returnRates } from './return-rates.js';
import { schemaDrift } from './schema-drift.js';
import { skuSales } from './sku-sales.js';

export const views: readonly PgView[] = [
  freshness,
  oldestProof,
  orderFulfilment,
  carrierPerformance,
  inventoryByWarehouse,
  inventoryByDay,
  skuSales,
  returnRates,
  restockingAccuracy,
  schemaDrift,
];
