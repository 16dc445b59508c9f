// GET /api/status: what `hive-sync status --json` prints.
import { z } from 'zod';
import { collections } from '../../collections/index.js';
import { readAccountReport } from '../../db/account-report.js';
import type { ServerParts } from '../parts.js';
import { type Endpoint, endpoint } from './endpoint.js';
import { count, instant, instantOrNull } from './fields.js';

const account = z.strictObject({
  account: z.string(),
  collections: z.array(
    z.strictObject({
      collection: z.string(),
      rows: count.describe('Rows that are not marked as deleted.'),
      api_count: count.nullable().describe("The API's own count of the whole collection when it last said one."),
      api_count_at: instantOrNull.describe('When the request began whose answer said api_count.'),
      own_count: count.nullable().describe('Our own count when the two were compared; null = they were not.'),
      missing: z
        .number()
        .int()
        .nullable()
        .describe('api_count less own_count, as of api_count_at; negative = too many rows; null = not compared.'),
      certified_up_to: instantOrNull.describe(
        'The whole list was proved as of then: deletions, back-dated records and late changes of closed ones are true. null = never.',
      ),
      new_records_up_to: instantOrNull.describe('Records that were new until then are in the table. null = never.'),
      open_records_up_to: instantOrNull.describe('Open records are as they were then, or newer. null = never.'),
      last_success_at: instantOrNull.describe(
        'When the last full or incremental run that read it and ended complete did end; null = none is on file.',
      ),
      last_success_run: z.number().int().nullable(),
      last_attempt_at: instantOrNull.describe(
        'When the last full or incremental run that read it ended, however it did; null = none is on file.',
      ),
      last_attempt_run: z.number().int().nullable(),
      last_attempt_state: z.string().nullable().describe('complete, incomplete or failed'),
      open_dead_letters: count,
      rows_with_lost_values: count.describe(
        'Rows that are not marked as deleted and hold an older value, or none, in a column: what the API gave could not be read.',
      ),
      lost_columns: z.array(z.string()).describe('Those columns; of tables of parts as table.column.'),
      lost_since: instantOrNull.describe('When the first of these rows came in this version; null = there is none.'),
      last_lost_at: instantOrNull.describe('When the last of these rows came in this version; null = there is none.'),
    }),
  ),
  runs: z
    .array(
      z.strictObject({
        run: z.number().int(),
        mode: z.string(),
        state: z.string(),
        started_at: instant,
        pages_done: count,
        pages_total: count.nullable().describe('null until every part has told how many pages it has.'),
        single_records_done: count,
        single_records_total: count,
        eta_ms: count.nullable().describe('Milliseconds that are left, by the budget alone.'),
      }),
    )
    .describe('Runs that are under way.'),
  budget: z.strictObject({
    used: count.describe('Requests in the window that ends now.'),
    limit: count,
    window_ms: count,
    used_by_others: count,
    blocked_until: instantOrNull.describe('Set after a 429.'),
    halted_at: instantOrNull.describe('Set when the API refused the key twice.'),
  }),
});

export const statusEndpoints = ({ config, store, accounts }: ServerParts): Endpoint[] => [
  endpoint({
    method: 'GET',
    path: '/api/status',
    summary: 'What is there, how true it is, what is under way',
    answers: {
      200: { description: 'The state of every account', schema: z.strictObject({ accounts: z.array(account) }) },
    },
    async handle() {
      const reports = accounts.map(({ account: { label } }) =>
        readAccountReport(store.db, { account: label, collections, rate: config.rate }),
      );
      return { body: { accounts: await Promise.all(reports) } };
    },
  }),
];
