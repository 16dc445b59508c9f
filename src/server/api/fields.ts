// Fields that several endpoints share, as they are asked and answered.
import { z } from 'zod';
import { collections } from '../../collections/index.js';
import type { ServerParts } from '../parts.js';

/** An id in a path or a query: digits. */
export const idField = (what: string) =>
  z.coerce
    .number({ error: `expected the id of ${what}, a whole number` })
    .int({ error: `expected the id of ${what}, a whole number` })
    .min(1)
    .max(Number.MAX_SAFE_INTEGER)
    .describe(`The id of ${what}.`);

export const limitField = (fallback: number, most: number) =>
  z.coerce
    .number({ error: 'expected a whole number' })
    .int()
    .min(1)
    .max(most)
    .default(fallback)
    .describe('At most so many.');

export const accountField = ({ accounts }: ServerParts) => {
  const labels = accounts.map(({ account }) => account.label);
  return z
    .enum(labels as [string, ...string[]], { error: `expected one of: ${labels.join(', ')}` })
    .describe('The label of an account (HIVE_ACCOUNT, HIVE_ACCOUNTS).');
};

const names = collections.map(({ name }) => name) as [string, ...string[]];
export const collectionField = z
  .enum(names, { error: `expected one of: ${names.join(', ')}` })
  .describe('The name of a collection.');

/** "true" or "false". */
export const flagField = z
  .enum(['true', 'false'], { error: 'expected true or false' })
  .transform((text) => text === 'true');

export const instant = z.iso.datetime();
export const instantOrNull = instant.nullable();
export const count = z.number().int().min(0);
