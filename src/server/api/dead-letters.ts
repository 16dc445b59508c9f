// /api/dead-letters: what could not be taken in, to be tried again or to be let be.
import { z } from 'zod';
import { collections } from '../../collections/index.js';
import { type DeadLetter, deadLetterKinds, listDeadLetters, readDeadLetter } from '../../db/dead-letters.js';
import { discardLetters } from '../../db/letter-ends.js';
import { planLetters } from '../../sync/letters/retry-letters.js';
import { retryStored, startRetry } from '../../sync/letters/start-retry.js';
import { HttpError } from '../answer-errors.js';
import type { ServerParts } from '../parts.js';
import { type Endpoint, endpoint } from './endpoint.js';
import {
  accountField,
  collectionField,
  count,
  flagField,
  idField,
  instant,
  instantOrNull,
  limitField,
} from './fields.js';

const letter = z.strictObject({
  id: z.number().int(),
  account: z.string(),
  collection: z.string(),
  kind: z.string().describe(deadLetterKinds.join(', ')),
  run_id: z.number().int().nullable(),
  page: z.number().int().nullable(),
  url: z.string().nullable(),
  record_id: z.number().int().nullable(),
  http_status: z.number().int().nullable(),
  error_code: z.string().nullable(),
  errors: z.array(z.string()).describe("The API's own errors, or what our validation says."),
  attempts: count,
  first_seen_at: instant,
  last_seen_at: instant,
  resolved_at: instantOrNull,
  resolution: z.string().nullable().describe('retried, superseded or discarded'),
  resolution_reason: z.string().nullable(),
});
const letterWithPayload = letter.extend({ payload: z.unknown().describe('As received. May hold personal data.') });

export function deadLetterEndpoints(parts: ServerParts): Endpoint[] {
  const { accounts, store } = parts;
  const { db } = store;
  const params = z.strictObject({ id: idField('a dead letter') });
  const errors = { 404: 'There is no such dead letter' };

  async function letterOf(id: number): Promise<DeadLetter> {
    const found = await readDeadLetter(db, id);
    if (found === undefined) throw new HttpError(404, `There is no dead letter ${id}.`);
    return found;
  }

  return [
    endpoint({
      method: 'GET',
      path: '/api/dead-letters',
      summary: 'Dead letters, newest first, without their payloads',
      query: z.strictObject({
        account: accountField(parts).optional(),
        collection: collectionField.optional(),
        kind: z.enum(deadLetterKinds).optional(),
        all: flagField.default(false).describe('true = resolved ones too.'),
        limit: limitField(100, 1_000),
        offset: z.coerce.number().int().min(0).default(0).describe('So many of the newest are left out.'),
      }),
      answers: {
        200: { description: 'Those that fit', schema: z.strictObject({ dead_letters: z.array(letter) }) },
      },
      handle: async ({ query }) => ({ body: { dead_letters: (await listDeadLetters(db, query)).map(toJson) } }),
    }),
    endpoint({
      method: 'GET',
      path: '/api/dead-letters/{id}',
      summary: 'One dead letter with its payload',
      params,
      answers: { 200: { description: 'The letter', schema: letterWithPayload } },
      errors,
      async handle({ params: { id } }) {
        const found = await letterOf(id);
        return { body: { ...toJson(found), payload: found.payload } };
      },
    }),
    endpoint({
      method: 'POST',
      path: '/api/dead-letters/{id}/retry',
      summary: 'Try again: ask the API once more, or read the stored payload with today’s code',
      description: 'A good answer resolves the letter; GET /api/dead-letters/{id} tells.',
      params,
      answers: {
        200: {
          description: 'Its stored payload could be read now',
          schema: z.strictObject({ id: z.number().int(), resolution: z.string().nullable() }),
        },
        202: {
          description: 'A run that asks for it again is filed',
          schema: z.strictObject({ id: z.number().int(), run: z.number().int() }),
        },
      },
      errors: { ...errors, 409: 'It cannot be tried again (it is resolved, say); the sentence says why' },
      async handle({ params: { id } }) {
        const found = await letterOf(id);
        const labels = accounts.map(({ account }) => account.label);
        const planned = await planLetters(db, collections, labels, [found]);
        const problem = (await retryStored(db, collections, planned)).get(id);
        if (problem !== undefined) throw new HttpError(409, `Dead letter ${id} stays as it is: ${problem}.`);
        const owner = accounts.find(({ account }) => account.label === found.account);
        const run = owner === undefined ? undefined : await startRetry(owner.context, planned, 'api');
        if (run !== undefined) return { status: 202, body: { id, run: run.id } };
        return { body: { id, resolution: (await letterOf(id)).resolution } };
      },
    }),
    endpoint({
      method: 'POST',
      path: '/api/dead-letters/{id}/discard',
      summary: 'Let it be; the same trouble only counts up, another one opens it again',
      params,
      body: z.strictObject({
        reason: z
          .string({ error: 'expected why it can be let be' })
          .trim()
          .min(1, { error: 'expected why it can be let be' })
          .max(2_000),
      }),
      answers: { 200: { description: 'The letter, discarded', schema: letter } },
      errors: { ...errors, 409: 'It is resolved already' },
      async handle({ params: { id }, body: { reason } }) {
        const found = await letterOf(id);
        const [discarded] = await discardLetters(db, [id], reason);
        if (discarded === undefined) {
          throw new HttpError(409, `Dead letter ${id} was resolved already (${found.resolution}) and stays as it is.`);
        }
        return { body: toJson(await letterOf(id)) };
      },
    }),
  ];
}

/** Dates become ISO texts on their way out. */
const toJson = ({ fingerprint: _, payload: __, ...rest }: DeadLetter) => rest;
