// The only place that talks to the Hive API. One call = one slot of the budget = one HTTP request; no retry lives here.
// The key goes to the configured origin only: redirects are not followed.
import { HiveBodyError, HiveHttpError, HiveNetworkError, HiveTimeoutError, UsageError } from '../errors.js';
import { openDeadline } from '../within.js';
import { errorsOf, excerptOf, holdsTooMany, MAX_BODY_BYTES, MOST_VALUES, readText, tryJson } from './body.js';
import type { Budget, Slot } from './budget.js';
import type { RequestObserver, RequestOutcome } from './observer.js';
import { type Page, readPage } from './page.js';
import { openProxy, proxyPlaceOf } from './proxy.js';
import { retryAfterMs } from './retry-after.js';

/** Wait after a 429 that does not say how long: a share of the window, so that a rolling one frees some slots. */
const UNSTATED_RETRY_MS = 5_000;

export interface ClientOptions {
  /** Base URL without a slash at the end. */
  readonly apiUrl: string;
  readonly apiKey: string;
  readonly timeoutMs: number;
  readonly budget: Budget;
  readonly userAgent: string;
  /** URL of the proxy; undefined = none. */
  readonly proxy?: string | undefined;
  readonly maxBodyBytes?: number;
  readonly observer?: RequestObserver;
}

/** A successful answer. */
export interface Answer<T> {
  readonly body: T;
  /** Start of the request by PostgreSQL's clock, epoch milliseconds. Decides which of two versions is newer. */
  readonly requestedAt: number;
  /** When all of it had arrived, by the same clock. */
  readonly answeredAt: number;
  /** The API's own clock when it answered (header Date, whole seconds), epoch milliseconds; undefined when it did not say. */
  readonly apiAt: number | undefined;
  readonly url: string;
}

export interface Client {
  /** One page of a list, by `query.page` (1 when it is not given). @throws the Hive*Error classes, AccountHaltedError, AbortError */
  list(path: string, query: Query, signal?: AbortSignal): Promise<Answer<Page>>;
  /** One record. Throws like list(). */
  get(path: string, signal?: AbortSignal): Promise<Answer<unknown>>;
  /** The address of a request, for ledgers and messages. Holds no secret. */
  urlOf(path: string, query?: Query): string;
}

export type Query = Readonly<Record<string, string | number>>;

/** @throws UsageError when the key cannot stand in a header: fetch() would print it in its own error */
export function openClient(options: ClientOptions): Client {
  const { apiUrl, apiKey, budget, observer } = options;
  if (!/^[\x20-\x7e]*$/.test(apiKey)) throw new UsageError('The API key holds characters that no header can carry.');
  const through = options.proxy === undefined ? undefined : openProxy(options.proxy);
  const urlOf = (path: string, query: Query = {}): string => {
    const url = new URL(apiUrl + path);
    for (const [name, value] of Object.entries(query)) url.searchParams.append(name, String(value));
    return url.href;
  };

  async function request(url: string, signal?: AbortSignal): Promise<Answer<unknown>> {
    const askedAt = performance.now();
    const slot = await budget.reserve(signal);
    const sentAt = performance.now();
    observer?.slotTaken(sentAt - askedAt);
    const ended = (outcome: RequestOutcome) => observer?.requestEnded(outcome, performance.now() - sentAt);
    const requestedAt = slot.now();
    const { response, text } = await send({ ...options, through }, url, slot, signal).catch((error: unknown) => {
      const outcome = outcomeOf(error);
      if (outcome !== undefined) ended(outcome);
      throw error;
    });
    const answeredAt = slot.now();
    ended(`${response.status}`);
    const used = integerHeader(response, 'x-rate-limit-used');
    await budget.observe(slot, { used, max: integerHeader(response, 'x-rate-limit-max') }, signal);
    if (response.status === 401) await budget.suspect(slot);
    else if (slot.suspected && response.ok) await budget.clear(signal);
    if (response.status === 429) await budget.block(slot, waitOf(response), signal);
    return { body: bodyOf(response, text, url), requestedAt, answeredAt, apiAt: dateHeader(response), url };
  }

  return {
    urlOf,
    get: (path, signal) => request(urlOf(path), signal),
    async list(path, query, signal) {
      const answer = await request(urlOf(path, query), signal);
      return { ...answer, body: readPage(answer.body, answer.url, Number(query.page ?? 1)) };
    },
  };
}

/** undefined = it was given up. */
function outcomeOf(error: unknown): RequestOutcome | undefined {
  if (error instanceof HiveTimeoutError) return 'timeout';
  if (error instanceof HiveNetworkError) return 'network';
  return error instanceof HiveBodyError ? 'body' : undefined;
}

/** A date in Retry-After is one of the API's clock, as is that of the answer: ours may be hours away from it. */
const statedWaitOf = (response: Response): number | undefined =>
  retryAfterMs(response.headers.get('retry-after'), dateHeader(response) ?? Date.now());

const waitOf = (response: Response): number => statedWaitOf(response) ?? UNSTATED_RETRY_MS;

type Sending = ClientOptions & { readonly through: ReturnType<typeof openProxy> | undefined };

async function send(
  { apiKey, timeoutMs, userAgent, budget, proxy, through, maxBodyBytes = MAX_BODY_BYTES }: Sending,
  url: string,
  slot: Slot,
  signal: AbortSignal | undefined,
): Promise<{ response: Response; text: string }> {
  const deadline = openDeadline(timeoutMs, signal);
  let response: Response | undefined;
  try {
    response = await fetch(url, {
      headers: { authorization: `Bearer ${apiKey}`, accept: 'application/json', 'user-agent': userAgent },
      redirect: 'manual',
      ...(through === undefined ? {} : { dispatcher: await through() }),
      signal: deadline.signal,
    });
    const text = await readText(response, maxBodyBytes);
    if (text === undefined) {
      throw new HiveBodyError(`it is longer than ${maxBodyBytes} bytes`, response.status, url, undefined);
    }
    return { response, text };
  } catch (error) {
    if (error instanceof HiveBodyError) throw error;
    signal?.throwIfAborted();
    if (deadline.isOver()) throw new HiveTimeoutError(timeoutMs, url, { cause: error });
    throw new HiveNetworkError(networkCode(error), url, { cause: error, through: proxy && proxyPlaceOf(proxy) });
  } finally {
    deadline.end();
    budget.settle(slot);
  }
}

/** fetch() says "fetch failed" or "terminated" for everything; what happened is the code of its cause. */
function networkCode(error: unknown): string {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const [, refusal] = /^Proxy response \((\d{3})\)/.exec(at.message) ?? [];
    if (refusal !== undefined)
      return refusal === '407' ? 'it wants a user and a password, 407' : `it answers ${refusal}`;
    if ('code' in at && typeof at.code === 'string') return at.code;
    if (at instanceof AggregateError && at.errors[0] instanceof Error) return networkCode(at.errors[0]);
  }
  return error instanceof Error ? error.message : 'unknown';
}

function bodyOf(response: Response, text: string, url: string): unknown {
  const json = tryJson(text);
  if (!response.ok) {
    const ms = statedWaitOf(response);
    const wait = response.status === 429 ? (ms ?? UNSTATED_RETRY_MS) : ms;
    const errors = errorsOf(json?.value);
    throw new HiveHttpError(response.status, errors, wait, url, errors.length > 0 ? undefined : excerptOf(text));
  }
  if (json === undefined) {
    const reason = holdsTooMany(text) ? `it holds more than ${MOST_VALUES} values` : 'it is not JSON';
    throw new HiveBodyError(reason, response.status, url, excerptOf(text));
  }
  return json.value;
}

function dateHeader(response: Response): number | undefined {
  const at = Date.parse(response.headers.get('date') ?? '');
  return Number.isNaN(at) ? undefined : at;
}

function integerHeader(response: Response, name: string): number | undefined {
  const text = response.headers.get(name)?.trim() ?? '';
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}
