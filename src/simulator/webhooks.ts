// Webhooks of the account: what the simulated Hive posts when the status of a record changes, and how it goes wrong.
import { createHmac } from 'node:crypto';
import { fraction } from './random.js';
import type { ApiRecord, CollectionName } from './records.js';
import { SimulatorOptionError } from './simulator-option-error.js';

export interface WebhookOptions {
  /** Where they go. */
  url: string;
  /** Deliveries under way at a time. Default 4. */
  connections?: number;
  /** The share that is sent a second time. Default 0. */
  duplicated?: number;
  /** The share with a forged copy beside it: another status, signed with another key. Default 0. */
  badlySigned?: number;
  /** Each waits so long before it is sent, at random, so that they arrive shuffled. Default 0. */
  delayMs?: readonly [least: number, most: number];
  /** How often one that was not answered with 2xx is sent again. Default 20. */
  retries?: number;
  /** Time before that. Default 1000. */
  retryAfterMs?: number;
}

export interface WebhookStats {
  /** Changes of a status that were to be told, without copies. */
  events: number;
  /** Posts that were answered, or failed. */
  posts: number;
  /** Answers by status; 0 = none came. */
  answers: Record<string, number>;
  /** Deliveries that were given up. */
  lost: number;
  /** What has not been acknowledged yet. */
  waiting: number;
  /** Time to each 2xx answer, in milliseconds, in the order of answers. */
  acknowledgedAfterMs: number[];
}

interface Letter {
  readonly body: string;
  readonly signature: string;
  readonly isForged: boolean;
  notBefore: number;
  tries: number;
}

const telling: readonly CollectionName[] = ['shipments', 'returns', 'restocking_shipments'];
const longestPauseMs = 50;
const timeoutMs = 30_000;

export class Webhooks {
  readonly stats: WebhookStats = {
    events: 0,
    posts: 0,
    answers: {},
    lost: 0,
    waiting: 0,
    acknowledgedAfterMs: [],
  };
  #options: WebhookOptions | undefined;
  #letters: Letter[] = [];
  #underWay = 0;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;
  readonly #abort = new AbortController();
  readonly #seed: number;
  readonly #apiKey: string;

  constructor(seed: number, apiKey: string) {
    this.#seed = seed;
    this.#apiKey = apiKey;
  }

  /** From now on changes are told there; undefined = nobody is told any more. */
  configure(options: WebhookOptions | undefined): void {
    if (options !== undefined && !URL.canParse(options.url))
      throw new SimulatorOptionError(`webhooks.url is not a URL: ${options.url}.`);
    this.#options = options;
    if (options === undefined) {
      this.#letters = [];
      this.stats.waiting = this.#underWay;
    }
  }

  /** A record has changed: tells it when its status is another one. */
  changed(collection: CollectionName, old: ApiRecord | undefined, record: ApiRecord): void {
    const options = this.#options;
    if (options === undefined || !telling.includes(collection)) return;
    if (old?.status === record.status && old?.delivery_status === record.delivery_status) return;
    const n = this.stats.events++;
    const body = JSON.stringify(record);
    this.#post(body, this.#apiKey, 3 * n);
    if (fraction(this.#seed, 801, n) < (options.duplicated ?? 0)) this.#post(body, this.#apiKey, 3 * n + 1);
    if (fraction(this.#seed, 802, n) < (options.badlySigned ?? 0)) {
      this.#post(JSON.stringify({ ...record, status: 'forged' }), `not ${this.#apiKey}`, 3 * n + 2);
    }
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#abort.abort();
  }

  #post(body: string, key: string, n: number): void {
    const [least, most] = this.#options?.delayMs ?? [0, 0];
    this.#letters.push({
      body,
      signature: createHmac('sha256', key).update(body).digest('hex'),
      isForged: key !== this.#apiKey,
      notBefore: performance.now() + least + fraction(this.#seed, 803, n) * (most - least),
      tries: 0,
    });
    this.stats.waiting++;
    this.#pump();
  }

  /** Sends what is due while connections are free. */
  #pump(): void {
    clearTimeout(this.#timer);
    if (this.#isClosed || this.#options === undefined) return;
    const { connections = 4 } = this.#options;
    const now = performance.now();
    while (this.#underWay < connections) {
      const next = this.#letters.findIndex(({ notBefore }) => notBefore <= now);
      const [letter] = next < 0 ? [] : this.#letters.splice(next, 1);
      if (letter === undefined) break;
      this.#underWay++;
      void this.#send(letter, this.#options).finally(() => {
        this.#underWay--;
        this.#pump();
      });
    }
    if (this.#letters.length > 0 && this.#underWay < connections) {
      const wait = Math.min(...this.#letters.map(({ notBefore }) => notBefore)) - now;
      this.#timer = setTimeout(() => this.#pump(), Math.min(Math.max(wait, 1), longestPauseMs));
    }
  }

  async #send(letter: Letter, { url, retries = 20, retryAfterMs = 1_000 }: WebhookOptions): Promise<void> {
    const startedAt = performance.now();
    const status = await this.#status(letter, url);
    this.stats.posts++;
    this.stats.answers[status] = (this.stats.answers[status] ?? 0) + 1;
    const isTaken = status >= 200 && status < 300;
    if (isTaken) this.stats.acknowledgedAfterMs.push(performance.now() - startedAt);
    if (!isTaken && !letter.isForged && ++letter.tries <= retries) {
      letter.notBefore = performance.now() + retryAfterMs;
      this.#letters.push(letter);
      return;
    }
    if (!isTaken && !letter.isForged) this.stats.lost++;
    this.stats.waiting--;
  }

  async #status({ body, signature }: Letter, url: string): Promise<number> {
    // Not AbortSignal.timeout(): among others, Node 20 may collect it before it fires.
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), timeoutMs);
    try {
      const response = await fetch(url, {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/json', 'x-hive-signature': signature },
        redirect: 'manual',
        signal: AbortSignal.any([this.#abort.signal, late.signal]),
      });
      await response.arrayBuffer();
      return response.status;
    } catch {
      return 0;
    } finally {
      clearTimeout(timer);
    }
  }
}
