// What return_rates says, written from its comment.
import { grouped, inOrder, rounded, sumOf } from './figures.js';
import { nameOf, skuIdOf, skuOf } from './goods.js';
import { soldLines } from './orders.js';
import { lastOfEach, type ReturnPart, type World } from './tables.js';

const isSamePart = (a: ReturnPart, b: ReturnPart): boolean =>
  a.account === b.account && a.return_id === b.return_id && a.id !== null && a.id === b.id;

export function returnRates(world: World): unknown[] {
  const announcedItems = lastOfEach(world.return_items, isSamePart);
  const handledItems = lastOfEach(world.return_line_items, isSamePart);
  const parts = world.returns
    .filter(({ _deleted_at }) => _deleted_at === null)
    .flatMap((parcel) => {
      const isOfIt = (part: ReturnPart) => part.account === parcel.account && part.return_id === parcel.id;
      const announced = announcedItems.filter(isOfIt);
      const handled = handledItems.filter(isOfIt);
      const reasonOf = (reason: string | null | undefined) => reason || parcel.return_reason || 'unknown';
      const shared = (name: string | null): string | null => {
        const reasons = announced
          .filter((item) => name !== null && nameOf(world, item) === name)
          .map(({ customer_return_reason }) => customer_return_reason || null);
        return reasons.every((reason) => reason === reasons[0]) ? (reasons[0] ?? null) : null;
      };
      return [
        ...announced.map((item) => ({
          ...item,
          reason: reasonOf(item.customer_return_reason),
          announced: item.quantity,
          returned: 0 as number | null,
        })),
        ...handled.map((item) => {
          const named = announced.find(({ id }) => id !== null && id === item.return_item_id);
          return {
            ...item,
            reason: reasonOf(named === undefined ? shared(nameOf(world, item)) : named.customer_return_reason),
            announced: 0 as number | null,
            returned: item.quantity,
          };
        }),
      ];
    });
  const sold = soldLines(world);
  return grouped(parts, (part) => [part.account, nameOf(world, part), part.reason]).flatMap((rows) => {
    const [first] = rows;
    if (first === undefined) return [];
    const { account, reason } = first;
    const name = nameOf(world, first);
    const isSame = (one: { account: string; sku_id: number | null; merchant_sku_id: string | null }) =>
      one.account === account && nameOf(world, one) === name;
    const sku = skuOf(world, account, skuIdOf(world, first));
    const codes = parts.filter(isSame).map(({ merchant_sku_id }) => merchant_sku_id ?? '');
    const returned = sumOf(rows.map((row) => row.returned));
    const units = name === null ? 0n : sumOf(sold.filter(isSame).map(({ quantity }) => quantity));
    return [
      {
        account,
        sku_id: skuIdOf(world, first),
        merchant_sku_id: sku?.merchant_sku_id ?? inOrder(codes.filter(Boolean))[0] ?? null,
        sku: sku?.name ?? null,
        reason,
        returns: new Set(rows.map(({ return_id }) => return_id)).size,
        units_announced: String(sumOf(rows.map((row) => row.announced))),
        units_returned: String(returned),
        units_sold: String(units),
        return_rate: units === 0n ? null : rounded(returned, units, 4),
      },
    ];
  });
}
