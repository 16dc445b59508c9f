// Who may come in: the admin token, sessions, and the tokens of forms. Knows nothing of HTTP. Sessions are random and kept in
// memory, so nothing that a browser holds says anything about the token, and an end of the process ends them all.
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** After that long people log in again. */
export const SESSION_SECONDS = 24 * 3_600;
/** One more, and the oldest ends. */
export const MOST_SESSIONS = 1_000;
/** Tokens are no longer than a header; what is longer is not even hashed. */
const LONGEST_TOKEN = 4_096;

export interface Gate {
  /** False = no token is set, and everybody who can reach this machine's loopback address may come in. */
  readonly needsToken: boolean;
  /** In constant time. */
  isToken(candidate: string): boolean;
  /** 32 random bytes for a cookie, accepted for SESSION_SECONDS. */
  openSession(nowMs: number): string;
  isSession(candidate: string, nowMs: number): boolean;
  /** From now on nobody gets in with it. */
  endSession(session: string): void;
  /** What the log calls a session; nobody gets in with that. */
  nameOf(session: string): string;
  /** What a form must carry. Belongs to a session; without sessions to this process. */
  formToken(session: string | undefined): string;
  isFormToken(candidate: string, session: string | undefined): boolean;
}

/** @param adminToken undefined = nobody needs one (loopback only; config.ts sees to that) */
export function openGate(adminToken: string | undefined): Gate {
  const token = adminToken === undefined ? undefined : digest(adminToken);
  const formKey = randomBytes(32);
  /** By digest, so that how long a search takes says nothing about an id; oldest first. */
  const expiries = new Map<string, number>();
  const keyOf = (session: string): string => digest(session).toString('hex');
  const formToken = (session: string | undefined): string =>
    createHmac('sha256', formKey)
      .update(session ?? 'no session')
      .digest('base64url');

  return {
    needsToken: token !== undefined,
    isToken: (candidate) =>
      token !== undefined && candidate.length <= LONGEST_TOKEN && timingSafeEqual(digest(candidate), token),
    openSession(nowMs) {
      for (const [known, expiresAt] of expiries) {
        if (expiresAt <= nowMs || expiries.size >= MOST_SESSIONS) expiries.delete(known);
        else break;
      }
      const session = randomBytes(32).toString('base64url');
      expiries.set(keyOf(session), nowMs + SESSION_SECONDS * 1_000);
      return session;
    },
    isSession: (candidate, nowMs) => (expiries.get(keyOf(candidate)) ?? 0) > nowMs,
    endSession: (session) => void expiries.delete(keyOf(session)),
    nameOf: (session) => keyOf(session).slice(0, 8),
    formToken,
    isFormToken: (candidate, session) => timingSafeEqual(digest(candidate), digest(formToken(session))),
  };
}

/** As long for all texts, so that a comparison tells nothing of where they differ. */
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
