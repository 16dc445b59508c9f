// A record as it is stored, and where it came from.

export type Row = Readonly<Record<string, unknown>>;

/** One record, ready to be stored. */
export interface StorableRecord {
  readonly id: number;
  readonly row: Row;
  /** Child rows by table name; account and the record's id are filled in here. */
  readonly children: Readonly<Record<string, readonly Row[]>>;
  readonly raw: unknown;
  /** Equal hashes mean equal payloads. */
  readonly hash: string;
  /**
   * Columns that are null here although the API gave a value, as it could not be read; sorted, those of child tables as
   * `table.column`. What is stored in them stays.
   */
  readonly lost: readonly string[];
  /** The same for child rows, one by one. */
  readonly lostParts: readonly LostPart[];
}

export interface LostPart {
  readonly table: string;
  /** The row's `position`. */
  readonly position: number;
  readonly columns: readonly string[];
}

export interface Provenance {
  readonly account: string;
  /** Start of the request by PostgreSQL's clock, epoch milliseconds. */
  readonly requestedAt: number;
  readonly source: 'page' | 'record' | 'webhook';
  readonly runId: number | null;
}
