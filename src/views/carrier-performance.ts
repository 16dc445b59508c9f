// Which carrier delivers, and how fast? One row per carrier and week.
import { carrierPerformance as rollup } from '../db/rollups/carrier-performance.js';
import { defineView } from './view.js';

export const carrierPerformance = defineView({
  name: rollup.name,
  comment:
    'How carriers perform: one row per carrier and week in which parcels were shipped. Deleted and cancelled shipments, and those not shipped yet, are left out. Recent weeks look worse than they are: their parcels are still on the way.',
  columns: rollup.columns,
  query: rollup.select,
});
