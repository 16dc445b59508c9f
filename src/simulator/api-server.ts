// One request under the base path: budget, drift, fault, answer, in that order.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Answer, badRequest, errorAnswer } from './api/answer.js';
import { pageOf } from './api/list.js';
import { type ApiState, answerRequest } from './api/routes.js';
import type { Drift } from './drift.js';
import { type Delivery, deliver, type Faults } from './faults.js';
import { type HttpServer, readBody } from './http-server.js';
import type { SimulatorSettings } from './options.js';
import { fraction } from './random.js';
import type { RateLimiter, RateVerdict } from './rate-limiter.js';
import { collectionNames } from './records.js';
import type { RequestLog } from './request-log.js';
import type { RequestFacts } from './request-match.js';
import { SimulatorOptionError } from './simulator-option-error.js';

export const basePath = '/merchant_api/v1';

export interface ApiParts {
  settings: SimulatorSettings;
  state: ApiState;
  limiter: RateLimiter;
  faults: Faults;
  drift: Drift;
  log: RequestLog;
}

/** The request's number and what rules look at; remembered in the log. */
function register({ log, settings }: ApiParts, method: string, path: string, query: string) {
  const [, name, id] = path.split('/');
  const collection = collectionNames.find((candidate) => candidate === name);
  const page = pageOf(new URLSearchParams(query));
  const record = log.add({
    at: settings.now(),
    method,
    path,
    query,
    ...(collection && { collection }),
    ...(collection && id === undefined && { page }),
  });
  return { record, facts: { n: record.n, method, path, page } satisfies RequestFacts };
}

function refusal(verdict: RateVerdict): Answer {
  const answer = errorAnswer(429, ['rate limit exceeded']);
  return verdict.retryAfter === undefined
    ? answer
    : { ...answer, headers: { ...answer.headers, 'retry-after': verdict.retryAfter } };
}

function drift({ drift: rules, log, state }: ApiParts, facts: RequestFacts): Answer | undefined {
  state.account.requestNumber = facts.n;
  try {
    for (const change of rules.next(facts)) state.account.apply(change);
    return undefined;
  } catch (error) {
    if (!(error instanceof SimulatorOptionError)) throw error;
    log.scriptErrors.push(error.message);
    return errorAnswer(500, [error.message]);
  }
}

/** Answers a request whose URL is under the base path. */
export async function handleApi(
  parts: ApiParts,
  server: HttpServer,
  request: IncomingMessage,
  response: ServerResponse,
) {
  const [fullPath = '', query = ''] = (request.url ?? '').split('?', 2);
  const path = fullPath.slice(basePath.length).replace(/\/+$/, '');
  const method = request.method ?? 'GET';
  const { facts, record } = register(parts, method, path, query);
  const freeFault = parts.faults.next(facts, true);
  const verdict = freeFault ? parts.limiter.pass() : parts.limiter.take();
  record.used = verdict.used;
  const body = method === 'GET' ? '' : await readBody(request);
  const answer = (): Answer => {
    if (body === undefined) return badRequest();
    const { authorization, 'content-type': contentType } = request.headers;
    const known = { authorization, contentType, body };
    return answerRequest(parts.state, { method, path, query: new URLSearchParams(query), ...known });
  };
  let fault = freeFault;
  const respond = (): Delivery => {
    if (!verdict.isAllowed) return deliver(() => refusal(verdict), undefined);
    const failed = drift(parts, facts);
    if (failed) return deliver(() => failed, undefined);
    fault ??= parts.faults.next(facts, false);
    return deliver(answer, fault);
  };
  const { onRequest, onAnswer, now, clockAheadMs } = parts.settings;
  parts.state.account.requestNumber = facts.n;
  await onRequest(facts);
  const delivery = respond();
  const date = new Date(now() + clockAheadMs).toUTCString();
  await onAnswer(facts, { status: delivery.answer.status, fault });
  const [least, most] = parts.settings.latencyMs;
  const latencyMs = least + fraction(parts.settings.seed, 77, facts.n) * (most - least);
  const headers = { date, 'x-rate-limit-used': String(verdict.used), 'x-rate-limit-max': String(verdict.max) };
  const late = { ...delivery, delayMs: delivery.delayMs + latencyMs };
  server.deliver(response, late, headers, (status) => parts.log.answered(record, status));
}
