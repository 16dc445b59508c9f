// Goods that are named by the shop's own code alone: which SKU are they? Rule: only a code that exactly one SKU of the
// account has tells; deleted SKUs count too, as goods may be older than the deletion.

/**
 * SQL for a column of that SKU; null when the code does not tell it. A question of its own, for those rows only which have
 * no sku_id: joined to all rows, the codes lead the planner astray, as nothing tells it how many rows of a CASE will match.
 *
 * @param row a relation with account and merchant_sku_id
 */
export const ofCode = (row: string, column: 'id' | 'name'): string =>
  `(select case when count(*) = 1 then min(o.${column}) end from hive.skus o
    where o.account = ${row}.account and o.merchant_sku_id = nullif(${row}.merchant_sku_id, ''))`;

/** SQL for the id of the SKU of a row with account, sku_id and merchant_sku_id; null when nothing tells it. */
export const skuIdOf = (row: string): string => `coalesce(${row}.sku_id, ${ofCode(row, 'id')})`;
