// How long, how many and how much: what the server grants to those who have shown nothing yet.
import { GUESS_LIMITS, type GuessLimits } from './access/guesses.js';

export interface ServerLimits {
  /** Milliseconds from the first byte of a request, or the start of a connection, to the end of its headers. */
  readonly headersMs: number;
  /** Milliseconds for the body of a webhook, from the end of its headers. */
  readonly bodyMs: number;
  /** Milliseconds from the first byte of a request to the last of its body. */
  readonly requestMs: number;
  /** Milliseconds without a byte in either direction, while an answer is made or sent. */
  readonly silenceMs: number;
  /** Milliseconds for which a connection is kept between two requests; a proxy should let go sooner. */
  readonly keepAliveMs: number;
  /** How often connections are looked at for that, in milliseconds. */
  readonly checkEveryMs: number;
  /** Connections at a time. One more, and the one that keeps us waiting longest is closed. */
  readonly connections: number;
  /** Bytes that bodies of webhooks may take together, from their first byte to their answer; a quarter for one network. */
  readonly webhookBytes: number;
  readonly guesses: GuessLimits;
}

export const SERVER_LIMITS: ServerLimits = {
  headersMs: 10_000,
  bodyMs: 20_000,
  requestMs: 30_000,
  // Somebody may ask for what takes long: the oldest record of a backfill waits for the budget.
  silenceMs: 600_000,
  keepAliveMs: 72_000,
  checkEveryMs: 1_000,
  connections: 500,
  webhookBytes: 32 * 1_024 * 1_024,
  guesses: GUESS_LIMITS,
};
