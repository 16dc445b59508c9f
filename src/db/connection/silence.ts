// A connection on which an answer is due and nothing comes. After a while it is asked, on another connection, whether the
// server is at work on it; what is not is given up. No statement has a time limit of its own.
import type { PostgresAddress } from '../../addresses/postgres.js';
import type { Conversation } from './conversation.js';
import type { Answer, Inquiry } from './inquiry.js';

/** How long an answer may be due before the server is asked, unless the address says otherwise, milliseconds. */
const SILENCE_MS = 10_000;

export const silenceOf = ({ silenceMs = SILENCE_MS }: Pick<PostgresAddress, 'silenceMs'>): number => silenceMs;

/**
 * Where nothing is asked as long as nothing changes (claims, a listener), the loss of the connection would not be noticed:
 * it is used once in this time, milliseconds.
 */
export const useEveryMs = (address: Pick<PostgresAddress, 'silenceMs'>): number =>
  Math.min(SILENCE_MS, silenceOf(address));

/** With this. It fails on a server that another has taken over from, as a write does; then its connection is given up. */
export const USE = `do $$ begin
  if pg_is_in_recovery() then raise exception 'this server is a standby' using errcode = 'read_only_sql_transaction'; end if;
end $$`;

export interface Patience {
  /** A server that says nothing at all for so long after it was reached is gone; 0 = never. */
  readonly firstWordMs: number;
  /** After so much silence, and each time anew, it is asked whether the server is at work. */
  readonly silenceMs: number;
  /** undefined = what has been silent for so long is given up unasked. */
  readonly inquiry: Inquiry | undefined;
}

/** Silences after which a connection is given up: nobody can be asked, or whoever answers cannot tell. */
const UNASKED = 3;
const UNTOLD = 30;
/** Where one has died, others are asked about after this part of the silence. */
const SOONER = 10;
/** For the message. */
const FOUND: Readonly<Record<Answer, string>> = {
  gone: 'is not at work on it',
  away: 'a new connection is not answered either',
  unknown: 'does not tell whether it is at work on it',
  working: 'is at work on it',
};

/** One per connection. */
export class SilenceWatch {
  readonly #patience: Patience;
  readonly #giveUp: (silentMs: number, found: string) => void;
  readonly #conversation: Conversation;
  #timer: NodeJS.Timeout | undefined;
  #isHeldBack = false;
  #hasEnded = false;

  /** @param giveUp told when the connection is dead, and what was found */
  constructor(conversation: Conversation, patience: Patience, giveUp: (silentMs: number, found: string) => void) {
    this.#conversation = conversation;
    this.#patience = patience;
    this.#giveUp = giveUp;
  }

  sent(chunk: Buffer): void {
    this.#conversation.sent(chunk);
    this.#watch(this.#silenceMs);
  }

  heard(chunk: Buffer): void {
    this.#conversation.heard(chunk);
  }

  /** Our side takes no more for now: that it hears nothing says nothing about the other. */
  holdBack(): void {
    this.#isHeldBack = true;
  }

  goOn(): void {
    if (!this.#isHeldBack) return;
    this.#isHeldBack = false;
    this.#conversation.excuse();
  }

  end(): void {
    this.#hasEnded = true;
    clearTimeout(this.#timer);
  }

  /** Where one has died, those that have not spoken since are asked about sooner: a pool would else lose them one by one. */
  get #silenceMs(): number {
    const { silenceMs, inquiry } = this.#patience;
    const isSuspect = inquiry !== undefined && this.#conversation.lastWordAt < inquiry.lostAt;
    return isSuspect ? silenceMs / SOONER : silenceMs;
  }

  /** From when an answer is due until it has come. */
  #watch(ms: number): void {
    if (this.#timer !== undefined || this.#hasEnded) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#look();
    }, ms);
    this.#timer.unref();
  }

  async #look(): Promise<void> {
    const conversation = this.#conversation;
    if (this.#isHeldBack) conversation.excuse();
    if (this.#hasEnded || !conversation.isAnswerDue) return;
    const { firstWordMs, inquiry } = this.#patience;
    const silenceMs = this.#silenceMs;
    const { silentMs, process } = conversation;
    if (silentMs < silenceMs) return this.#watch(silenceMs - silentMs);
    // One that is not logged in yet has nothing in hand.
    if (inquiry === undefined || process === undefined) {
      if (silentMs >= Math.max(silenceMs, firstWordMs)) return this.#giveUp(silentMs, 'nobody can be asked about it');
      return this.#watch(silenceMs);
    }
    const answer = await inquiry.ask({ process, silentMs });
    if (this.#hasEnded || !conversation.isAnswerDue) return;
    // It has spoken meanwhile.
    if (conversation.silentMs < silentMs) return this.#watch(silenceMs);
    const isLost =
      answer === 'gone' ||
      (answer === 'away' && silentMs >= UNASKED * this.#patience.silenceMs) ||
      (answer === 'unknown' && silentMs >= UNTOLD * this.#patience.silenceMs);
    if (!isLost) return this.#watch(this.#patience.silenceMs);
    inquiry.lostAt = performance.now();
    this.#giveUp(conversation.silentMs, FOUND[answer]);
  }
}
