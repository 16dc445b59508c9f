// Who is told of requests to the API, so that they can be counted.

/** How a request ended: the status of its answer, or why there was none that could be read. */
export type RequestOutcome = `${number}` | 'timeout' | 'network' | 'body';

export interface RequestObserver {
  /** A slot was granted after this wait. */
  slotTaken(waitMs: number): void;
  /** A request was sent and has come to an end. Not told of one that was given up because we are leaving. */
  requestEnded(outcome: RequestOutcome, durationMs: number): void;
}
