import { describe, expect, test } from 'vitest';
import { persistently } from '../../src/db/persistently.js';
import { ServiceUnavailableError } from '../../src/errors.js';
import { log } from '../support/log.js';

const away = () => Object.assign(new Error('the database is starting up'), { code: '57P03' });

describe('what was fetched is written', () => {
  test('again and again while the database is away', async () => {
    let attempts = 0;
    const write = async () => {
      attempts += 1;
      if (attempts < 4) throw away();
      return 'written';
    };
    expect(await persistently({ log }, write)).toBe('written');
    expect(attempts).toBe(4);
  });

  test('once even when we are leaving already', async () => {
    expect(await persistently({ log }, async () => 'written', AbortSignal.abort())).toBe('written');
  });
});

test('who leaves does not wait for a database that is away', async () => {
  let attempts = 0;
  const write = async () => {
    attempts += 1;
    throw away();
  };
  await expect(persistently({ log }, write, AbortSignal.abort())).rejects.toThrow(/aborted/);
  expect(attempts).toBe(1);
});

test('what a retry cannot mend is thrown as it is', async () => {
  const mistake = new ServiceUnavailableError('a mistake of ours');
  let attempts = 0;
  const write = async () => {
    attempts += 1;
    throw mistake;
  };
  await expect(persistently({ log }, write)).rejects.toBe(mistake);
  expect(attempts).toBe(1);
});
