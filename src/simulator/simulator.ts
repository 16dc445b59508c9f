// The Hive Merchant API as a program: a made-up account, served over HTTP, with scripted faults and drift.
import { Account } from './account.js';
import type { ApiState } from './api/routes.js';
import { type ApiParts, basePath, handleApi } from './api-server.js';
import type { Change, HistoryEntry } from './changes.js';
import { answerControl, type Controlled } from './control.js';
import { Drift, type DriftRule } from './drift.js';
import { type FaultRule, Faults } from './faults.js';
import { HttpServer, readBody } from './http-server.js';
import { checkRate, type RateOptions, resolveOptions, type SimulatorOptions } from './options.js';
import { RateLimiter } from './rate-limiter.js';
import type { ApiRecord, CollectionName } from './records.js';
import { RequestLog, type RequestRecord, type RequestStats } from './request-log.js';
import { SimulatorOptionError } from './simulator-option-error.js';
import type { Version } from './versions.js';
import { type WebhookOptions, type WebhookStats, Webhooks } from './webhooks.js';

export interface Simulator {
  /** The base URL of the API: `http://127.0.0.1:PORT/merchant_api/v1`. */
  readonly url: string;
  /** Where the control endpoints are: `http://127.0.0.1:PORT`. */
  readonly origin: string;
  readonly port: number;
  readonly apiKey: string;
  /** The last requests, oldest first. */
  readonly requests: readonly RequestRecord[];
  /** Every insertion, change and deletion since the start, by script, method or request. */
  readonly history: readonly HistoryEntry[];
  stats(): RequestStats;
  /** Every version of every record, by id. @throws SimulatorOptionError unless `keepsVersions` was set */
  versions(collection: CollectionName): ReadonlyMap<number, readonly Version[]>;
  /** All current records, as the API sends them, in list order. */
  truth(collection: CollectionName): ApiRecord[];
  /** The same, one by one, for collections too large for an array. */
  records(collection: CollectionName): Iterable<ApiRecord>;
  count(collection: CollectionName): number;
  /** Changes the account now; returns the record made, changed or removed. */
  apply(change: Change): ApiRecord | undefined;
  addFault(rule: FaultRule): void;
  clearFaults(): void;
  addDrift(rule: DriftRule): void;
  clearDrift(): void;
  setRate(rate: RateOptions | 'unlimited'): void;
  /** From now on changes of a status are posted there; undefined = not any more. */
  setWebhooks(options: WebhookOptions | undefined): void;
  webhookStats(): WebhookStats;
  /** From now on every key is wrong. */
  revokeKey(): void;
  restoreKey(): void;
  /** Forgets the requests and their counts, and numbers from 1 again; the budget stays used. */
  resetRequests(): void;
  /** Ends all connections, answered or not. */
  close(): Promise<void>;
}

/** Starts a simulator. Throws SimulatorOptionError for an option that cannot be, and the system's error for a taken port. */
export async function openSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const settings = resolveOptions(options);
  const account = new Account(settings);
  const state: ApiState = { account, apiKey: settings.apiKey, listOptions: settings };
  const limiter = new RateLimiter(settings.rate, settings.now);
  const faults = new Faults();
  const drift = new Drift();
  const log = new RequestLog(settings.requestLogSize);
  for (const rule of options.faults ?? []) faults.add(rule);
  for (const rule of options.drift ?? []) drift.add(rule);
  const webhooks = new Webhooks(settings.seed, settings.apiKey);
  webhooks.configure(options.webhooks);
  account.onChange = (collection, old, record) => webhooks.changed(collection, old, record);
  const parts: ApiParts = { settings, state, limiter, faults, drift, log };

  const server = new HttpServer(async (request, response) => {
    const isApi = request.url === basePath || request.url?.startsWith(`${basePath}/`);
    if (isApi) await handleApi(parts, server, request, response);
    else await answerControl(controlled, request, response, (await readBody(request)) ?? '');
  });
  const port = await server.listen(settings.port, settings.host);
  const origin = `http://${settings.host.includes(':') ? `[${settings.host}]` : settings.host}:${port}`;

  const controlled: Controlled = {
    url: origin + basePath,
    origin,
    port,
    apiKey: settings.apiKey,
    requests: log.records,
    history: account.history,
    stats: () => log.stats(limiter.maxInAnyWindow),
    versions: (collection) => {
      const versions = account.versions(collection);
      if (versions === undefined) throw new SimulatorOptionError('Versions are only kept with keepsVersions.');
      return versions;
    },
    truth: (collection) => [...account.list(collection)],
    records: (collection) => account.list(collection),
    count: (collection) => account.list(collection).count,
    apply: (change) => account.apply(change),
    addFault: (rule) => faults.add(rule),
    clearFaults: () => faults.clear(),
    addDrift: (rule) => drift.add(rule),
    clearDrift: () => drift.clear(),
    setRate: (rate) => limiter.configure(checkRate(rate)),
    setWebhooks: (told) => webhooks.configure(told),
    webhookStats: () => webhooks.stats,
    revokeKey: () => {
      state.apiKey = undefined;
    },
    restoreKey: () => {
      state.apiKey = settings.apiKey;
    },
    resetRequests: () => {
      log.reset();
      account.requestNumber = 0;
      limiter.maxInAnyWindow = 0;
    },
  };
  return {
    ...controlled,
    close: () => {
      webhooks.close();
      return server.close();
    },
  };
}
