// What keeps work from going on although nothing is down: a lock of somebody else, a server that refuses. Whoever speaks to
// people is told, in one sentence, where it is found; the log of a command in the foreground would not show it.

import { describe } from './errors.js';

type Told = (sentence: string) => void;

/** The same sentence is told so often, milliseconds. */
const SAID_EVERY_MS = 60_000;

let listeners: readonly { readonly told: Told }[] = [];
const saidAt = new Map<string, number>();

/** From now on these sentences come here, and not to who listened before. @returns ends that */
export function onStandstill(told: Told): () => void {
  const one = { told };
  listeners = [...listeners, one];
  return () => {
    listeners = listeners.filter((other) => other !== one);
  };
}

/**
 * Tells what work waits for; what was said a moment ago is not said again, nor what differs from it only by its numbers:
 * a server that has no space names another file and block each time.
 */
export function standstill(sentence: string): void {
  const now = performance.now();
  const kind = sentence.replace(/\d+/g, '0');
  const last = saidAt.get(kind);
  if (last !== undefined && now - last < SAID_EVERY_MS) return;
  for (const [known, at] of saidAt) if (now - at >= SAID_EVERY_MS) saidAt.delete(known);
  saidAt.set(kind, now);
  listeners.at(-1)?.told(sentence);
}

/** Tells that PostgreSQL is there and does not do what it is asked for. */
export const refusedByPostgres = (error: unknown): void =>
  standstill(`PostgreSQL refuses to work (${describe(error)}), trying again.`);
