// Warehouses: few, old, and all fields assumed, as the API's page of them was not readable.
import type { Warehouse } from '../records.js';
import type { Generate, World } from './world.js';

type Site = Omit<Warehouse, 'id'>;

const sites: readonly [Site, ...Site[]] = [
  { name: 'Hive Berlin', country_code: 'DE', city: 'Großbeeren', postal_code: '14979', line1: 'Märkische Allee 1' },
  { name: 'Hive Lyon', country_code: 'FR', city: 'Saint-Priest', postal_code: '69800', line1: 'Rue de Lombardie 14' },
  { name: 'Hive Madrid', country_code: 'ES', city: 'Getafe', postal_code: '28906', line1: 'Calle Acero 7' },
  { name: 'Hive Milano', country_code: 'IT', city: 'Pioltello', postal_code: '20096', line1: 'Via Dante 83' },
  { name: 'Hive Venlo', country_code: 'NL', city: 'Venlo', postal_code: '5928 LX', line1: 'Celsiusweg 32' },
];

export const generateWarehouse: Generate = (_world, { id, index }): Warehouse => {
  const site = sites[index % sites.length] ?? sites[0];
  const round = Math.floor(index / sites.length);
  return { id, ...site, name: round === 0 ? site.name : `${site.name} ${round + 1}` };
};

/** The warehouse that this number falls on; null when the account has none. */
export function warehouseIdFor(world: World, number: number): number | null {
  const size = world.size('warehouses');
  return size === 0 ? null : world.idAt('warehouses', number % size);
}
