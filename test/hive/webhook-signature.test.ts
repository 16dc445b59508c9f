import { expect, test } from 'vitest';
import { isSignedWith, signatureOf } from '../../src/hive/webhook-signature.js';

const KEY = 'the-key';
const body = Buffer.from('{"id":1,"note":"ä\\u0000"}');

test('a body is signed with the hex HMAC-SHA256 of its bytes', () => {
  // Computed with: printf 'Hi There' | openssl dgst -sha256 -hmac key
  expect(signatureOf(Buffer.from('Hi There'), 'key')).toBe(
    'e75865ac3fe73a8074997001fcdf339dbb878200ace6efa70f0ee1b2df3a3cf6',
  );
  expect(isSignedWith(body, signatureOf(body, KEY), KEY)).toBe(true);
});

test.each([
  ['nothing', undefined],
  ['an empty text', ''],
  ['a list of headers', [signatureOf(body, KEY)]],
  ['half of it', signatureOf(body, KEY).slice(0, 32)],
  ['more than it', `${signatureOf(body, KEY)}00`],
  ['upper case', signatureOf(body, KEY).toUpperCase()],
  ['no hex', 'z'.repeat(64)],
  ['characters of several bytes', 'ä'.repeat(64)],
  ['a megabyte', 'a'.repeat(1_000_000)],
  ['another key', signatureOf(body, 'other')],
  ['another body', signatureOf(Buffer.from('{"id":2}'), KEY)],
])('%s is no signature', (_what, signature) => {
  expect(isSignedWith(body, signature, KEY)).toBe(false);
});

test('without a key nothing is signed, not even with an empty one', () => {
  expect(isSignedWith(body, signatureOf(body, ''), '')).toBe(false);
});
