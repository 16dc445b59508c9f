// Whatever the API sends: parseRecord() answers, and what it accepts, refuses and reports can be stored.
import { randomBytes } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { describe, expect, test } from 'vitest';
import { collections } from '../../../src/collections/index.js';
import { fileDeadLetters, type NewDeadLetter } from '../../../src/db/dead-letters.js';
import { recordDrift } from '../../../src/db/schema-drift.js';
import { upsertRecords } from '../../../src/db/upsert.js';
import type { Collection } from '../../../src/sync/collection.js';
import { canonicalJson } from '../../../src/sync/records/content-hash.js';
import { type ParseResult, parseRecord } from '../../../src/sync/records/parse.js';
import { expectedOf, oddRecords, parsed, readStored } from '../../support/collections.js';
import { openTestDatabase } from '../../support/database.js';
import fc from '../../support/property.js';

const { db } = await openTestDatabase();
const provenance = { account: 'fuzz', requestedAt: Date.UTC(2026, 10, 1), source: 'page', runId: 1 } as const;

function letterAbout(collection: Collection, result: Extract<ParseResult, { ok: false }>): NewDeadLetter {
  const { id = null, errors, raw, hash } = result;
  const place = { runId: 1, page: 1, url: 'https://hive.example', recordId: id, httpStatus: null };
  const trouble = { errorCode: 'invalid_record', errors, payload: raw, attempts: 1, fingerprint: hash };
  return { account: 'fuzz', collection: collection.name, kind: 'record', ...place, ...trouble };
}

describe.each(collections)('$name', (collection) => {
  test('any JSON at all is answered, and never by an exception', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), oddRecords(collection)), (payload) => {
        const result = parseRecord(collection, payload);
        expect(result.ok || result.errors.length > 0).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  test('what is accepted is stored as it was parsed; what is refused and what is reported is stored too', async () => {
    const pages = fc.array(oddRecords(collection), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(pages, async (page) => {
        const results = page.map((payload, i) =>
          parseRecord(collection, { ...(payload as Record<string, unknown>), id: i + 1 }),
        );
        const records = results.flatMap((result) => (result.ok ? [result.record] : []));
        const letters = results.flatMap((result) => (result.ok ? [] : [letterAbout(collection, result)]));
        const drift = records.flatMap((record) => record.drift);
        await db
          .transaction(async (tx) => {
            const sums = await upsertRecords(tx, collection, records, provenance);
            expect(sums).toEqual({ inserted: records.length, updated: 0, unchanged: 0 });
            await fileDeadLetters(tx, letters);
            await recordDrift(tx, 'fuzz', collection.name, drift);
            const stored = await readStored(tx, collection, 'fuzz');
            for (const record of records) {
              expect(canonicalJson(stored.get(record.id))).toBe(canonicalJson(expectedOf(collection, record)));
            }
            const [filed] = await tx.execute<{ letters: number; drift: number }>(sql`
              select (select count(*) from sync.dead_letters) as letters,
                coalesce((select sum(count) from sync.schema_drift), 0)::int as drift`);
            expect(filed).toEqual({
              letters: new Set(letters.map((one) => one.fingerprint)).size,
              drift: drift.length,
            });
            throw new RolledBack();
          })
          .catch((error: unknown) => {
            if (!(error instanceof RolledBack)) throw error;
          });
      }),
      { numRuns: 60 },
    );
  });
});

class RolledBack extends Error {}

test.each(collections)(
  '$name: a text that no index can take costs its column, and not its page',
  async (collection) => {
    const columns = [...new Set((collection.indexes ?? []).flatMap(({ on }) => on))].filter(
      (column) => collection.fields[column]?.kind === 'text',
    );
    const long = Object.fromEntries(columns.map((column) => [column, randomBytes(9_000).toString('base64')]));
    const records = [collection.example, { ...collection.example, ...long }].map((payload, i) =>
      parsed(collection, { ...payload, id: i + 1 }),
    );
    const account = `long ${collection.name}`;
    expect(await upsertRecords(db, collection, records, { ...provenance, account })).toMatchObject({ inserted: 2 });
    const stored = (await readStored(db, collection, account)).get(2);
    for (const column of columns) {
      expect(stored?.row[column]).toBeNull();
      expect(stored?.raw).toHaveProperty(column, long[column]);
    }
    const reported = records[1]?.drift.filter(({ seen }) => seen === 'long text').map(({ path }) => path);
    expect(reported?.sort()).toEqual(columns.sort());
  },
);
