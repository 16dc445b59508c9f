// What this process counts, for Prometheus: told by the observer of each account, when it happens. What the database
// knows is read when it is asked for (gauges.ts). Names follow Prometheus: base units, _total for counters.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Observer } from '../../sync/observer.js';

export interface Metrics {
  readonly registry: Registry;
  /** Counts what happens to an account. */
  observerOf(account: string): Observer;
  /** An answer of this server. @param route as it is registered, not as it was asked: no ids */
  answered(route: string, method: string, status: number, seconds: number): void;
}

/** Seconds that a request may have to wait for a slot: up to a window. */
const WAITS = [0.005, 0.05, 0.25, 1, 2.5, 5, 10, 20, 40, 60, 120];
const DURATIONS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const RUNS = [1, 5, 15, 60, 300, 900, 3_600, 14_400, 43_200];
const ANSWERS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

export function openMetrics(version: string): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'hive_sync_build_info',
    help: 'Always 1; the version is a label.',
    labelNames: ['version'],
    registers,
  }).set({ version }, 1);
  const requests = new Counter({
    name: 'hive_sync_requests_total',
    help: 'Requests to the API, by the status of the answer, or timeout, network or body where none could be read.',
    labelNames: ['account', 'status'],
    registers,
  });
  const requestDuration = new Histogram({
    name: 'hive_sync_request_duration_seconds',
    help: 'Time from sending a request to the last byte of its answer.',
    labelNames: ['account'],
    buckets: DURATIONS,
    registers,
  });
  const slotWait = new Histogram({
    name: 'hive_sync_slot_wait_seconds',
    help: 'Time that a request waited for its slot of the rate budget.',
    labelNames: ['account'],
    buckets: WAITS,
    registers,
  });
  const pageDuration = new Histogram({
    name: 'hive_sync_page_duration_seconds',
    help: 'Time of a page from before its slot was reserved until its rows were committed.',
    labelNames: ['account', 'collection'],
    buckets: WAITS,
    registers,
  });
  const rows = new Counter({
    name: 'hive_sync_rows_total',
    help: 'Records that were stored: inserted, updated, or unchanged and therefore not written.',
    labelNames: ['account', 'collection', 'outcome'],
    registers,
  });
  const runs = new Counter({
    name: 'hive_sync_runs_total',
    help: 'Runs that ended, by mode and by how they ended.',
    labelNames: ['account', 'mode', 'state'],
    registers,
  });
  const runDuration = new Histogram({
    name: 'hive_sync_run_duration_seconds',
    help: 'Time of a run from its start to its end.',
    labelNames: ['account', 'mode'],
    buckets: RUNS,
    registers,
  });
  const deliveries = new Counter({
    name: 'hive_sync_webhook_deliveries_total',
    help: 'Webhook deliveries that were looked at, by outcome: applied, unchanged, stale, in_doubt, dead_letter.',
    labelNames: ['account', 'outcome'],
    registers,
  });
  const answers = new Histogram({
    name: 'hive_sync_http_request_duration_seconds',
    help: 'Time until this server had answered, webhooks included.',
    labelNames: ['method', 'route', 'status'],
    buckets: ANSWERS,
    registers,
  });

  // From zero, as below: the first burst of refused webhooks, or of guesses, shows as an increase.
  for (const route of ['/webhooks/hive', '/webhooks/hive/:account']) {
    for (const status of ['400', '401', '404', '408', '413', '503']) answers.zero({ method: 'POST', route, status });
  }
  for (const status of ['401', '429']) answers.zero({ method: 'POST', route: '/login', status });

  return {
    registry,
    observerOf(account) {
      // From zero, so that the first one shows as an increase.
      for (const status of ['200', '401', '429']) requests.inc({ account, status }, 0);
      for (const mode of ['incremental', 'full', 'backfill', 'refresh', 'retry']) {
        for (const state of ['complete', 'incomplete', 'failed']) runs.inc({ account, mode, state }, 0);
      }
      return {
        slotTaken: (waitMs) => slotWait.observe({ account }, waitMs / 1_000),
        requestEnded(status, durationMs) {
          requests.inc({ account, status });
          requestDuration.observe({ account }, durationMs / 1_000);
        },
        rowsStored(collection, sums) {
          for (const outcome of ['inserted', 'updated', 'unchanged'] as const) {
            rows.inc({ account, collection, outcome }, sums[outcome]);
          }
        },
        pageStored: (collection, durationMs) => pageDuration.observe({ account, collection }, durationMs / 1_000),
        runEnded({ mode, state, durationMs }) {
          runs.inc({ account, mode, state });
          runDuration.observe({ account, mode }, durationMs / 1_000);
        },
        deliveryProcessed: (outcome) => deliveries.inc({ account, outcome }),
      };
    },
    answered: (route, method, status, seconds) => answers.observe({ method, route, status }, seconds),
  };
}
