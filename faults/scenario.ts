// What one row of the report says and how it comes about: a sync of a small account, a trouble on its way, and what the
// tables, the ledger and the simulator tell afterwards.
import type { Simulator, SimulatorOptions } from '../src/simulator/index.js';
import type { Started } from '../test/support/cli.js';
import type { OwnServer } from '../test/support/servers.js';
import type { SmallDisk } from '../test/support/small-disk.js';

export interface Stage {
  readonly simulator: Simulator;
  /** The sync that is under way. */
  readonly sync: Started;
  /** Only where the scenario asks for servers of its own. */
  readonly postgres: OwnServer;
  readonly redis: OwnServer & { flush(): Promise<void> };
  /** Only where the scenario asks for one: what PostgreSQL writes on. */
  readonly disk: SmallDisk;
  /** Waits until the API was asked so often. */
  request(n: number): Promise<void>;
  /** Another sync of the same account beside the first. */
  startAnother(): Started;
}

export interface Scenario {
  readonly group: string;
  /** What was injected, in words. */
  readonly trouble: string;
  readonly simulator?: SimulatorOptions;
  readonly env?: Readonly<Record<string, string>>;
  /** Own servers, to be stopped. Default: the machine's PostgreSQL for tables and queue. */
  readonly servers?: 'PostgreSQL' | 'Redis';
  /** Its own PostgreSQL writes on a disk of that size, in MB. */
  readonly disk?: number;
  /** What happens while the sync runs. */
  readonly during?: (stage: Stage) => Promise<unknown>;
  /** Before the next sync: the trouble goes away (faults that are scripted with an end go by themselves). */
  readonly mend?: (stage: Pick<Stage, 'simulator'>) => void;
  /** The trouble lasts through the first sync, which must say so: it may not exit with 0. */
  readonly mustBeTold?: true;
}

/** Ten pages of orders, pinned and read backwards, and ten of shipments, which cannot be pinned. */
export const SIZES = { orders: 200, shipments: 200, returns: 40, skus: 40, restocking_shipments: 20, warehouses: 3 };
/** Requests of a full sync without any trouble. */
export const NEEDED = 10 + 10 + 2 + 2 + 1 + 1;
