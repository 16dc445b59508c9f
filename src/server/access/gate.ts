// Who may come in: the admin token, sessions derived from it, and the tokens of forms. Knows nothing of HTTP.
import { createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';

/** After that long people log in again. */
export const SESSION_SECONDS = 24 * 3_600;

export interface Gate {
  /** False = no token is set, and everybody who can reach this machine's loopback address may come in. */
  readonly needsToken: boolean;
  /** In constant time. */
  isToken(candidate: string): boolean;
  /** A signed value for a cookie. It expires, and does not give away the token. */
  openSession(nowMs: number): string;
  isSession(candidate: string, nowMs: number): boolean;
  /** From now on this process does not accept it any more. */
  endSession(session: string): void;
  /** What a form must carry. Belongs to a session; without sessions to this process. */
  formToken(session: string | undefined): string;
  isFormToken(candidate: string, session: string | undefined): boolean;
}

/** @param adminToken undefined = nobody needs one (loopback only; config.ts sees to that) */
export function openGate(adminToken: string | undefined): Gate {
  // Derived, so that all workers with one token accept each other's sessions, and a new token ends them all.
  const secret = adminToken ?? randomBytes(32);
  const keyFor = (purpose: string): Buffer => Buffer.from(hkdfSync('sha256', secret, 'hive-sync', purpose, 32));
  const sessionKey = keyFor('session');
  const formKey = keyFor('form');
  const ended = new Map<string, number>();

  const sign = (key: Buffer, text: string): string => createHmac('sha256', key).update(text).digest('base64url');
  const expiryOf = (session: string): number => Number(session.split('.')[0]) * 1_000;
  const formToken = (session: string | undefined): string => sign(formKey, session ?? 'no session');

  return {
    needsToken: adminToken !== undefined,
    isToken: (candidate) => adminToken !== undefined && isSame(candidate, adminToken),
    openSession(nowMs) {
      const content = `${Math.floor(nowMs / 1_000) + SESSION_SECONDS}.${randomBytes(12).toString('base64url')}`;
      return `${content}.${sign(sessionKey, content)}`;
    },
    isSession(candidate, nowMs) {
      const end = candidate.lastIndexOf('.');
      const isSigned = end > 0 && isSame(candidate.slice(end + 1), sign(sessionKey, candidate.slice(0, end)));
      return isSigned && expiryOf(candidate) > nowMs && !ended.has(candidate);
    },
    endSession(session) {
      for (const [known, expiresAt] of ended) if (expiresAt < Date.now()) ended.delete(known);
      ended.set(session, expiryOf(session));
    },
    formToken,
    isFormToken: (candidate, session) => isSame(candidate, formToken(session)),
  };
}

/** Takes as long for a near miss as for nonsense, whatever the lengths. */
function isSame(left: string, right: string): boolean {
  const [a, b] = [left, right].map((text) => createHash('sha256').update(text).digest()) as [Buffer, Buffer];
  return timingSafeEqual(a, b);
}
