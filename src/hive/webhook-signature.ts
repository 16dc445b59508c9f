// The signature of a webhook: lowercase hex HMAC-SHA256 of the raw body, with the API key as the key.
// Source: https://developers.hive.app/reference/api-reference/webhooks
import { createHmac, timingSafeEqual } from 'node:crypto';

export const SIGNATURE_HEADER = 'x-hive-signature';

const HEX_SHA256 = /^[0-9a-f]{64}$/;

/** Can it be a signature at all? Anything else is a wrong one, whatever the body is. */
export const looksSigned = (signature: unknown): signature is string =>
  typeof signature === 'string' && HEX_SHA256.test(signature);

export const signatureOf = (body: Uint8Array, apiKey: string): string =>
  createHmac('sha256', apiKey).update(body).digest('hex');

/** Takes the same time wherever the two differ. */
export function isSignedWith(body: Uint8Array, signature: unknown, apiKey: string): boolean {
  // Anybody could sign with no key at all.
  if (apiKey === '' || !looksSigned(signature)) return false;
  return timingSafeEqual(Buffer.from(signature, 'hex'), Buffer.from(signatureOf(body, apiKey), 'hex'));
}
