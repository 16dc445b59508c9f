// Which SKU is it? By its id, else by the shop's own code, where one SKU alone has it.
import type { Goods, Sku, World } from './tables.js';

/** The SKU's id as far as it is known. */
export function skuIdOf({ skus }: World, { account, sku_id, merchant_sku_id }: Goods): number | null {
  if (sku_id !== null) return sku_id;
  if (merchant_sku_id === null || merchant_sku_id === '') return null;
  const found = skus.filter((sku) => sku.account === account && sku.merchant_sku_id === merchant_sku_id);
  return found.length === 1 ? (found[0]?.id ?? null) : null;
}

export const skuOf = (world: World, account: string, id: number | null): Sku | undefined =>
  world.skus.find((sku) => sku.account === account && sku.id === id);

/** Equal for the same goods; null when nothing names them. */
export function nameOf(world: World, goods: Goods): string | null {
  const id = skuIdOf(world, goods);
  if (id !== null) return `id ${id}`;
  return goods.merchant_sku_id === null || goods.merchant_sku_id === '' ? null : `code ${goods.merchant_sku_id}`;
}
