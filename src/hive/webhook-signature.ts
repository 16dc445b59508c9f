// The signature of a webhook: lowercase hex HMAC-SHA256 of the raw body, with the API key as the key.
// Source: https://developers.hive.app/reference/api-reference/webhooks
import { createHmac, timingSafeEqual } from 'node:crypto';

export const SIGNATURE_HEADER = 'x-hive-signature';

const HEX_SHA256 = /^[0-9a-f]{64}$/;

export const signatureOf = (body: Uint8Array, apiKey: string): string =>
  createHmac('sha256', apiKey).update(body).digest('hex');

/** Takes the same time wherever the two differ. Anything that is no signature at all is a wrong one. */
export function isSignedWith(body: Uint8Array, signature: unknown, apiKey: string): boolean {
  // Anybody could sign with no key at all.
  if (apiKey === '' || typeof signature !== 'string' || !HEX_SHA256.test(signature)) return false;
  return timingSafeEqual(Buffer.from(signature, 'hex'), Buffer.from(signatureOf(body, apiKey), 'hex'));
}
