// What the views say of stock and of goods on their way to it, written from their comments.
import { dayIn, dayOfText, dayText, inOrder, rounded, sumOf } from './figures.js';
import { skuIdOf, skuOf } from './goods.js';
import { lastOfEach, type Stock, type World } from './tables.js';

const warehouseOf = ({ warehouses }: World, account: string, id: number | null): string | null =>
  warehouses.find((warehouse) => warehouse.account === account && warehouse.id === id)?.name ?? null;

export function inventoryByWarehouse(world: World): unknown[] {
  const today = dayIn(world.timezone, world.now);
  const isSameSku = (a: { account: string; sku_id: number }, b: { account: string; sku_id: number }) =>
    a.account === b.account && a.sku_id === b.sku_id;
  const listed = lastOfEach(
    world.sku_inventory,
    (a, b) => isSameSku(a, b) && a.warehouse_id !== null && a.warehouse_id === b.warehouse_id,
  );
  const batches = lastOfEach(world.sku_batches, (a, b) => isSameSku(a, b) && a.id !== null && a.id === b.id);
  const quantities = lastOfEach(
    world.sku_batch_quantities,
    (a, b) => isSameSku(a, b) && a.batch_position === b.batch_position && a.warehouse_id === b.warehouse_id,
  );
  return listed.flatMap((stock) => {
    const { account, sku_id, warehouse_id, stocked, reserved, total } = stock;
    const sku = skuOf(world, account, sku_id);
    if (sku === undefined || sku._deleted_at !== null) return [];
    const here = batches
      .filter((batch) => isSameSku(batch, stock))
      .flatMap((batch) =>
        quantities
          .filter((one) => isSameSku(one, stock) && one.batch_position === batch.position)
          .filter((one) => warehouse_id !== null && one.warehouse_id === warehouse_id && (one.quantity ?? 0) > 0)
          .map(({ quantity }) => ({ quantity, expires: batch.expiry_date })),
      );
    const expiring = (from: number, to: number) =>
      String(
        sumOf(
          here
            .filter(({ expires }) => expires !== null && from <= dayOfText(expires) && dayOfText(expires) <= to)
            .map(({ quantity }) => quantity),
        ),
      );
    return [
      {
        account,
        warehouse_id,
        warehouse: warehouseOf(world, account, warehouse_id),
        sku_id,
        merchant_sku_id: sku.merchant_sku_id,
        sku: sku.name,
        sku_status: sku.status,
        stocked,
        reserved,
        total,
        batches: here.length,
        next_expiry_date: inOrder(here.flatMap(({ expires }) => expires ?? []))[0] ?? null,
        expired_quantity: expiring(-Infinity, today - 1),
        quantity_expiring_in_30_days: expiring(today, today + 30),
        quantity_expiring_in_90_days: expiring(today, today + 90),
      },
    ];
  });
}

/** A day on which the stock of a SKU in a warehouse was seen to be another, and what it was at the end of it. */
export interface StockChange {
  readonly account: string;
  readonly sku_id: number;
  readonly warehouse_id: number;
  /** Days since 1970-01-01. */
  readonly day: number;
  /** null = not listed any more, or the SKU is gone. */
  readonly stock: Stock | null;
}

export const changesKept = ({ inventory_daily }: World): StockChange[] =>
  inventory_daily.map(({ account, sku_id, warehouse_id, day, stocked, reserved, total }) => ({
    ...{ account, sku_id, warehouse_id, day: dayOfText(day) },
    stock: { stocked, reserved, total },
  }));

export function inventoryByDay({ timezone, now }: World, changes: readonly StockChange[]): unknown[] {
  const today = dayIn(timezone, now);
  return changes.flatMap(({ account, sku_id, warehouse_id, day, stock }) => {
    if (stock === null || Object.values(stock).every((pieces) => pieces === null)) return [];
    const later = changes
      .filter((one) => one.account === account && one.sku_id === sku_id && one.warehouse_id === warehouse_id)
      .map((one) => one.day)
      .filter((one) => one > day);
    const last = Math.min(...later) - 1;
    const days = (last === Infinity ? Math.max(today, day) : last) - day + 1;
    return Array.from({ length: days }, (_, nth) => ({
      ...{ account, sku_id, warehouse_id, day: dayText(day + nth), ...stock, is_observed: nth === 0 },
    }));
  });
}

export function restockingAccuracy(world: World): unknown[] {
  const items = lastOfEach(
    world.restocking_shipment_items,
    (a, b) =>
      a.account === b.account &&
      a.restocking_shipment_id === b.restocking_shipment_id &&
      a.id !== null &&
      a.id === b.id,
  );
  return world.restocking_shipments.flatMap((delivery) => {
    const { account, id, status, warehouse_id } = delivery;
    if (delivery._deleted_at !== null || status === 'cancelled') return [];
    return items
      .filter((item) => item.account === account && item.restocking_shipment_id === id)
      .map((item) => {
        const skuId = skuIdOf(world, item);
        const sku = skuOf(world, account, skuId);
        const counted = (pieces: number | null) => (status === 'restocked' ? pieces : null);
        const [arrived, announced] = [counted(item.arrived_quantity), item.announced_quantity];
        return {
          account,
          restocking_shipment_id: id,
          status,
          estimated_arrival_date: delivery.estimated_arrival_date,
          supplier_name: delivery.supplier_name,
          warehouse_id,
          warehouse: warehouseOf(world, account, warehouse_id),
          sku_id: skuId,
          merchant_sku_id: sku?.merchant_sku_id ?? item.merchant_sku_id,
          sku: sku?.name ?? null,
          announced,
          arrived,
          damaged: counted(item.damaged_quantity),
          missing: counted(item.missing_quantity),
          accuracy: arrived === null || !announced ? null : rounded(BigInt(arrived), BigInt(announced), 3),
        };
      });
  });
}
