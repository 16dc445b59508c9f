// The stock as it was seen, look by look: what inventory_by_day is to show, known from what the API showed and not from
// hive.inventory_daily.
import type { Row } from '../../../src/db/stored-record.js';
import { dayIn } from './figures.js';
import type { StockChange } from './stock.js';
import type { Stock } from './tables.js';

export class Shelves {
  /** By account, SKU and warehouse, in the order of days. */
  readonly #changes = new Map<string, StockChange[]>();

  /** @param zone in which days begin now; a change of it moves no day that was kept */
  constructor(public zone: string) {}

  get changes(): StockChange[] {
    return [...this.#changes.values()].flat();
  }

  /** A SKU was shown with these elements; what they do not list is not listed any more. */
  show(account: string, skuId: number, elements: readonly Row[], at: number): void {
    // Of a warehouse that is listed twice the later element counts.
    const listed = new Map<number, Stock>();
    for (const { warehouse_id: warehouse, stocked, reserved, total } of elements)
      if (warehouse !== null) listed.set(Number(warehouse), { stocked, reserved, total } as Stock);
    for (const [warehouse, stock] of listed) this.#see(account, skuId, warehouse, stock, at);
    for (const last of this.#lastOf(account, skuId))
      if (!listed.has(last.warehouse_id)) this.#see(account, skuId, last.warehouse_id, null, at);
  }

  /** A SKU was seen to be gone. */
  clear(account: string, skuId: number, at: number): void {
    for (const last of this.#lastOf(account, skuId)) this.#see(account, skuId, last.warehouse_id, null, at);
  }

  #lastOf(account: string, skuId: number): StockChange[] {
    return [...this.#changes.values()].flatMap((changes) => {
      const last = changes.at(-1);
      return last !== undefined && last.account === account && last.sku_id === skuId ? [last] : [];
    });
  }

  #see(account: string, sku_id: number, warehouse_id: number, stock: Stock | null, at: number): void {
    const key = `${account} ${sku_id} ${warehouse_id}`;
    const changes = this.#changes.get(key) ?? [];
    const last = changes.at(-1);
    if (isSame(last?.stock ?? null, stock)) return;
    // Never before a day that has been kept, wherever days begin now.
    const day = Math.max(dayIn(this.zone, at), last?.day ?? -Infinity);
    if (last?.day === day) changes.pop();
    this.#changes.set(key, [...changes, { account, sku_id, warehouse_id, day, stock }]);
  }
}

/** A stock without any number is none. */
function isSame(a: Stock | null, b: Stock | null): boolean {
  return (['stocked', 'reserved', 'total'] as const).every((name) => (a?.[name] ?? null) === (b?.[name] ?? null));
}
