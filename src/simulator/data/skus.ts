// SKUs: the catalogue of a small cosmetics, tea and clothing brand.
import { formatDate, formatInstant } from '../berlin-time.js';
import type { Batch, Sku, Stock } from '../records.js';
import { dayMs, type Generate, type World } from './world.js';

interface Product {
  name: string;
  code: string;
  variants: readonly string[];
  /** Kilograms. */
  weight: number;
  priceCents: number;
  hsCode: string;
  hasBatches?: boolean;
  hasSerials?: boolean;
  isDangerous?: boolean;
}

const scents = ['Bergamot', 'Cedar', 'Fig', 'Neroli', 'Unscented'];
const sizes = ['XS', 'S', 'M', 'L', 'XL'];

// biome-ignore format: a table is read by its columns.
const products: readonly Product[] = [
  { name: 'Morning Face Oil', code: 'OIL', variants: ['15 ml', '30 ml', '50 ml'], weight: 0.12, priceCents: 3490, hsCode: '33049900', hasBatches: true },
  { name: 'Solid Shampoo', code: 'SHP', variants: scents, weight: 0.09, priceCents: 1290, hsCode: '33051000', hasBatches: true },
  { name: 'Hand Balm', code: 'BLM', variants: scents, weight: 0.11, priceCents: 1490, hsCode: '33049900', hasBatches: true },
  { name: 'Room Spray', code: 'SPR', variants: scents, weight: 0.22, priceCents: 2490, hsCode: '33074900', hasBatches: true, isDangerous: true },
  { name: 'Organic T-Shirt (Black)', code: 'TSH-BLK', variants: sizes, weight: 0.2, priceCents: 3900, hsCode: '61091000' },
  { name: 'Organic T-Shirt (Ecru)', code: 'TSH-ECR', variants: sizes, weight: 0.2, priceCents: 3900, hsCode: '61091000' },
  { name: 'Merino Beanie', code: 'BNE', variants: ['Moss', 'Ink', 'Rust'], weight: 0.1, priceCents: 3400, hsCode: '65050030' },
  { name: 'Wild Mint Tea', code: 'TEA', variants: ['50 g', '100 g', '250 g'], weight: 0.15, priceCents: 990, hsCode: '21069092', hasBatches: true },
  { name: 'Daily Magnesium', code: 'MAG', variants: ['30 caps', '90 caps'], weight: 0.18, priceCents: 1990, hsCode: '21069098', hasBatches: true },
  { name: 'Morph II', code: 'MRP', variants: ['Graphite', 'Sand'], weight: 1.37, priceCents: 12900, hsCode: '85098000', hasSerials: true },
];

/** What orders, shipments and returns need to know of a SKU. */
export interface SkuFacts {
  id: number;
  merchantSkuId: string;
  name: string;
  priceCents: number;
  batches: Batch[];
  hasSerials: boolean;
}

function productAt(index: number): { product: Product; variant: string; round: number } {
  const product = products[index % products.length] as Product;
  const lap = Math.floor(index / products.length);
  const variant = product.variants[lap % product.variants.length] ?? '';
  return { product, variant, round: Math.floor(lap / product.variants.length) };
}

// Every order line asks for these, and catalogues are small.
const known = new WeakMap<World, Map<number, SkuFacts>>();
const mostKnown = 20_000;

export function skuFacts(world: World, index: number): SkuFacts {
  let facts = known.get(world);
  if (!facts) {
    facts = new Map();
    known.set(world, facts);
  }
  const old = facts.get(index);
  if (old) return old;
  if (facts.size >= mostKnown) facts.clear();
  const made = makeFacts(world, index);
  facts.set(index, made);
  return made;
}

function makeFacts(world: World, index: number): SkuFacts {
  const { product, variant, round } = productAt(index);
  const id = world.idAt('skus', index);
  const name = `${product.name} – ${variant}${round > 0 ? ` (Edition ${round + 1})` : ''}`;
  // Every fifth SKU has its barcode as its code, like the API's example.
  const merchantSkuId =
    index % 5 === 4 ? barcodeAt(index) : `${product.code}-${variant.replace(/\W/g, '').toUpperCase()}-${index + 1}`;
  return {
    id,
    merchantSkuId,
    name,
    priceCents: product.priceCents,
    batches: product.hasBatches ? batchesOf(world, index, name) : [],
    hasSerials: product.hasSerials === true,
  };
}

function barcodeAt(index: number): string {
  return `42601${String(index * 7 + 13).padStart(8, '0')}`;
}

function batchesOf(world: World, index: number, name: string): Batch[] {
  const random = world.random('skus', index, 1);
  return Array.from({ length: random.between(1, 3) }, (_, nth) => {
    const id = 827 + index * 3 + nth;
    const expiresMs = world.options.endAtMs + random.between(-120, 700) * dayMs;
    return {
      id,
      name: `${name} - ${id}`,
      tracking_code: `A${String(random.between(0, 99_999)).padStart(5, '0')}`,
      expiry_date: random.chance(0.05) ? null : formatDate(expiresMs),
    };
  });
}

/** A SKU that existed at that time; undefined when the account has none. */
export function skuBefore(world: World, createdMs: number, number: number): SkuFacts | undefined {
  const size = world.size('skus');
  if (size === 0) return undefined;
  return skuFacts(world, number % Math.max(1, world.timelines.skus.countBefore(createdMs)));
}

export const generateSku: Generate = (world, { createdMs, id, index, isNew }): Sku => {
  const random = world.random('skus', index);
  const facts = skuFacts(world, index);
  const { product } = productAt(index);
  const isSent = !isNew && random.chance(0.95);
  const stock = isSent ? stockOf(world, random.between(0, 12_000), random.chance(0.1) ? 10 : 0, random.next()) : [];
  return {
    id,
    merchant_sku_id: facts.merchantSkuId,
    name: facts.name,
    created_at: formatInstant(createdMs),
    barcode: random.chance(0.08) ? null : random.chance(0.03) ? '' : barcodeAt(index),
    batch_tracking_enabled: product.hasBatches === true,
    cost_in_cents: random.chance(0.3) ? null : Math.round(product.priceCents * 0.28),
    country_code_of_origin: random.chance(0.25) ? null : random.pick(['DE', 'PT', 'FR', 'TR', 'CN']),
    hs_code: random.chance(0.25) ? null : product.hsCode,
    fulfilled_by: isNew ? 'new' : random.chance(0.94) ? 'hive' : 'other',
    image_url: random.chance(0.15) ? null : `https://cdn.example.com/products/${id}.png`,
    status: !isNew && random.chance(0.04) ? 'deleted' : 'active',
    weight_in_kg: random.chance(0.05) ? null : product.weight,
    inventory: {
      stocked: stock.reduce((sum, part) => sum + part.stocked, 0),
      reserved: stock.reduce((sum, part) => sum + part.reserved, 0),
      total: stock.reduce((sum, part) => sum + part.total, 0),
    },
    inventory_per_warehouse: stock,
    inventory_batches: facts.batches.map((batch, nth) => ({
      ...batch,
      stocked_quantities: stock.map(({ warehouse_id, total }) => ({
        warehouse_id,
        quantity: share(total, facts.batches.length, nth),
      })),
    })),
    dangerous_good: product.isDangerous === true,
    hazardous_good: product.isDangerous === true && index % 2 === 0,
    h_codes: product.isDangerous ? ['H222', 'H229'] : [],
    un_names: product.isDangerous ? ['UN1950'] : [],
  };
};

/** The nth of `parts` parts that add up to the total. */
function share(total: number, parts: number, nth: number): number {
  return Math.floor(total / parts) + (nth < total % parts ? 1 : 0);
}

function stockOf(world: World, quantity: number, buffer: number, split: number): ({ warehouse_id: number } & Stock)[] {
  const count = Math.min(world.size('warehouses'), 3);
  let left = quantity;
  return Array.from({ length: count }, (_, nth) => {
    const total = nth === count - 1 ? left : Math.floor(left * (0.4 + split / 2));
    left -= total;
    return {
      warehouse_id: world.idAt('warehouses', nth),
      stocked: Math.max(0, total - buffer),
      reserved: Math.min(total, Math.floor(split * 40)),
      total,
    };
  });
}
