// The list moves while it is read.
import type { Change, CollectionName } from '../../src/simulator/index.js';
import type { Scenario } from '../scenario.js';

const times = (n: number, change: Change): Change[] => Array.from({ length: n }, () => change);

/** Before the page is answered. Orders are read backwards from page 10, shipments from page 1 on. */
const drift = (trouble: string, collection: CollectionName, page: number, ...changes: Change[]): Scenario => ({
  group: 'Drift',
  trouble: `${collection}: ${trouble}`,
  simulator: { drift: [{ before: { path: `/${collection}`, page }, do: changes }] },
});

export const drifts: readonly Scenario[] = [
  drift('30 new records at the head', 'orders', 5, ...times(30, { kind: 'insert', collection: 'orders' })),
  drift('30 new records at the head', 'shipments', 5, ...times(30, { kind: 'insert', collection: 'shipments' })),
  drift('a back-dated record in the part that is still to be read', 'orders', 5, {
    kind: 'insertBackdated',
    collection: 'orders',
    position: 30,
  }),
  drift('a back-dated record in the part that was read', 'orders', 5, {
    kind: 'insertBackdated',
    collection: 'orders',
    position: 150,
  }),
  drift(
    '25 records of the part still to be read are deleted',
    'orders',
    5,
    ...times(25, { kind: 'delete', collection: 'orders', position: 10 }),
  ),
  drift(
    '25 records of the part that was read are deleted',
    'orders',
    5,
    ...times(25, { kind: 'delete', collection: 'orders', position: 130 }),
  ),
  drift(
    '25 records of the part that was read are deleted',
    'shipments',
    6,
    ...times(25, { kind: 'delete', collection: 'shipments', position: 10 }),
  ),
  drift(
    '25 records of the part still to be read are deleted',
    'shipments',
    6,
    ...times(25, { kind: 'delete', collection: 'shipments', position: 150 }),
  ),
  drift(
    'a record changes before and after its page',
    'orders',
    5,
    { kind: 'update', collection: 'orders', position: 180, patch: { tags: ['late'] } },
    { kind: 'update', collection: 'orders', position: 20, patch: { tags: ['early'] } },
  ),
  drift(
    'the last pages vanish',
    'shipments',
    4,
    ...times(60, { kind: 'delete', collection: 'shipments', position: 139 }),
  ),
  drift('the page length falls from 20 to 15', 'orders', 6, { kind: 'setItemsPerPage', itemsPerPage: 15 }),
  drift('the page length grows from 20 to 30', 'shipments', 6, { kind: 'setItemsPerPage', itemsPerPage: 30 }),
  {
    group: 'Drift',
    trouble: 'shipments: one record comes and one goes before every request',
    simulator: {
      drift: [
        {
          before: { path: '/shipments' },
          times: 12,
          do: [
            { kind: 'insert', collection: 'shipments' },
            { kind: 'delete', collection: 'shipments', position: 60 },
          ],
        },
      ],
    },
  },
];
