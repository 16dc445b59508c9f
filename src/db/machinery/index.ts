// The tables of the machinery, schema `sync`: what was asked, what came, what failed, and how fast we may ask.
export * from './dead-letters.js';
export * from './installation.js';
export * from './ledger.js';
export * from './lookups.js';
export * from './proofs.js';
export * from './rate-budget.js';
export * from './readers.js';
export { syncSchema } from './schema.js';
export * from './schema-drift.js';
export * from './webhook-deliveries.js';
