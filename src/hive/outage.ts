// Is the API as a whole down, or only what was asked for? A page that fails while other lists answer is at fault itself
// and may become a dead letter. While nothing answers, no page is at fault: nobody asks for pages, and one request now
// and then finds out when to go on. Known per process; each finds out by itself.
import { describe, HiveDownError, HiveHttpError, isAbort, isNoAnswer } from '../errors.js';
import type { Client } from './client.js';

export interface Outage {
  /** The client, with an eye on how its requests end. */
  readonly client: Client;
  /**
   * What is the matter while the API is down, or has answered nothing but 429 for a minute: nobody is sent away for that, the
   * budget waits. undefined = it answers, as far as is known.
   */
  mute(): HiveDownError | undefined;
  /** Before work. While the API is down, one asks whether it answers when that is due, and all others are sent away. @throws HiveDownError */
  pass(signal?: AbortSignal): Promise<void>;
  /**
   * After a failure: is it the API as a whole? Asked after a few failures in a row, and before a page is given up.
   * @returns undefined when the page is at fault, or when that does not matter yet. @throws as a request does
   */
  explain(failure: unknown, isLast: boolean, signal?: AbortSignal): Promise<HiveDownError | undefined>;
}

export interface OutageOptions {
  readonly client: Client;
  /** Paths of the lists: first pages of two of them are asked for, of others each time. */
  readonly lists: readonly string[];
  /** First delay between two questions, milliseconds; later ones double, up to twelve times as much. */
  readonly everyMs: number;
  /** Told when it is found to be down, and each time that it still is; and when it answers again. */
  readonly told: { down(error: HiveDownError): void; up(since: Date): void };
}

/** So many requests in a row without a usable answer raise the question. */
const SUSPICIOUS = 5;
const LARGEST_FACTOR = 12;
const ASKED_AT_A_TIME = 2;

export function openOutage({ client: inner, lists, everyMs, told }: OutageOptions): Outage {
  /** Failures in a row, and when the first of them was. */
  let failures = 0;
  let firstAt = 0;
  let down:
    | { readonly since: Date; readonly latest: Date; readonly problem: string; readonly nextAt: number }
    | undefined;
  /** Since when each answer is a 429, and the last of them. */
  let refused:
    | { readonly since: Date; readonly at: number; readonly latest: Date; readonly problem: string }
    | undefined;
  let questions = 0;
  let asking: Promise<boolean> | undefined;

  const current = () =>
    down &&
    new HiveDownError(down.since, down.latest, down.problem, Math.max(0, Math.ceil(down.nextAt - performance.now())));

  const mute = () => {
    if (down !== undefined || refused === undefined) return current();
    const isLong = performance.now() - refused.at >= LARGEST_FACTOR * everyMs;
    return isLong ? new HiveDownError(refused.since, refused.latest, refused.problem, 0) : undefined;
  };

  function answered(): void {
    const trouble = mute();
    failures = 0;
    questions = 0;
    down = undefined;
    refused = undefined;
    if (trouble !== undefined) told.up(trouble.since);
  }

  /** It is there, and says how long to wait; what has been mute stays so. */
  function refusing(error: HiveHttpError): void {
    const { since, at } = refused ?? { since: down?.since ?? new Date(), at: down ? -Infinity : performance.now() };
    failures = 0;
    questions = 0;
    down = undefined;
    refused = { since, at, latest: new Date(), problem: describe(error) };
    const trouble = mute();
    if (trouble !== undefined) told.down(trouble);
  }

  async function watched<T>(request: () => Promise<T>): Promise<T> {
    try {
      const answer = await request();
      answered();
      return answer;
    } catch (error) {
      if (isNoAnswer(error)) {
        if (failures === 0) firstAt = Date.now();
        failures += 1;
      } else if (error instanceof HiveHttpError) {
        if (error.status === 429) refusing(error);
        else answered();
      }
      throw error;
    }
  }

  const client: Client = {
    urlOf: inner.urlOf,
    list: (...request) => watched(() => inner.list(...request)),
    get: (...request) => watched(() => inner.get(...request)),
  };

  /** Whether anything answers. */
  async function ask(signal?: AbortSignal): Promise<boolean> {
    let problem = '';
    for (let n = 0; n < ASKED_AT_A_TIME; n++) {
      const path = lists[(questions * ASKED_AT_A_TIME + n) % lists.length] ?? '';
      try {
        await client.list(path, { page: 1 }, signal);
        return true;
      } catch (error) {
        if (error instanceof HiveHttpError && !isNoAnswer(error)) return true;
        if (!isNoAnswer(error)) throw error;
        problem = describe(error);
      }
    }
    const pause = everyMs * Math.min(2 ** questions, LARGEST_FACTOR);
    questions += 1;
    down = { since: down?.since ?? new Date(firstAt), latest: new Date(), problem, nextAt: performance.now() + pause };
    told.down(current() as HiveDownError);
    return false;
  }

  /** One question at a time, whoever wants to know. */
  async function answers(signal?: AbortSignal): Promise<boolean> {
    while (asking !== undefined) {
      try {
        return await asking;
      } catch (error) {
        // Who asked has left; who stays asks for himself.
        if (!isAbort(error)) throw error;
        signal?.throwIfAborted();
      }
    }
    asking = ask(signal).finally(() => {
      asking = undefined;
    });
    return asking;
  }

  return {
    client,
    mute,
    async pass(signal) {
      if (down === undefined) return;
      const isDue = performance.now() >= down.nextAt;
      if (isDue && (await answers(signal))) return;
      const error = current();
      if (error !== undefined) throw error;
    },
    async explain(failure, isLast, signal) {
      if (!isNoAnswer(failure)) return undefined;
      const isInDoubt = failures >= SUSPICIOUS || (isLast && failures > 1);
      if (down === undefined && isInDoubt) await answers(signal);
      return current();
    },
  };
}
