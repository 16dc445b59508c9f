// What others use of the simulator.
export { formatInstant, parseInstant } from './berlin-time.js';
export type {
  Change,
  Delete,
  HistoryEntry,
  Insert,
  InsertBackdated,
  Restore,
  SetItemsPerPage,
  Target,
  Update,
} from './changes.js';
export type { DriftRule } from './drift.js';
export type { FaultResponse, FaultRule, RecordPatch } from './faults.js';
export type { AnswerFacts, RateOptions, RetryAfterForm, SimulatorOptions } from './options.js';
export type * from './records.js';
export { collectionNames } from './records.js';
export type { RequestRecord, RequestStats } from './request-log.js';
export type { RequestFacts, RequestMatch } from './request-match.js';
export { openSimulator, type Simulator } from './simulator.js';
export { SimulatorOptionError } from './simulator-option-error.js';
export type { Version } from './versions.js';
export type { WebhookOptions, WebhookStats } from './webhooks.js';
