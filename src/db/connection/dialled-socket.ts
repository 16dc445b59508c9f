// What a driver takes for its socket, before there is a connection. The rule: whatever keeps the connection from being
// made reaches the driver as the error of a socket that was open, after which drivers behave best.
import { Duplex } from 'node:stream';
import { Conversation } from './conversation.js';
import type { Dialled } from './dial.js';
import type { Answer, Inquiry } from './inquiry.js';
import { OpeningStatements, type Passed } from './opening-statements.js';

/** Two turns of the event loop: what the driver has written by then has left it. */
const laterOn = async (): Promise<void> => {
  for (let turn = 0; turn < 2; turn += 1) await new Promise(setImmediate);
};

export interface Patience {
  /** A server that says nothing at all for so long after it was reached is gone; 0 = never. */
  readonly firstWordMs: number;
  /** After so much silence, and each time anew, it is asked whether the server is at work. */
  readonly silenceMs: number;
  /** undefined = what has been silent for so long is thrown away unasked. */
  readonly inquiry: Inquiry | undefined;
}

/** Silences after which a connection is thrown away: nobody can be asked, or whoever answers cannot tell. */
const UNASKED = 3;
const UNTOLD = 30;
const SOONER = 10;
/** For the message. */
const FOUND: Readonly<Record<Answer, string>> = {
  gone: 'is not at work on it',
  away: 'a new connection is not answered either',
  unknown: 'does not tell whether it is at work on it',
  working: 'is at work on it',
};
/** A farewell is sent within this time; what has not gone by then never will. */
const FAREWELL_MS = 1_000;

/**
 * Begins with connect(), and emits `connect` when bytes can go both ways; what is written before waits. `close` says, as
 * that of a socket does, whether there was an error.
 */
export class DialledSocket extends Duplex {
  readonly #dial: (signal: AbortSignal) => Promise<Dialled>;
  readonly #patience: Patience;
  readonly #conversation = new Conversation();
  #watch: NodeJS.Timeout | undefined;
  #isHeldBack = false;
  #opening: OpeningStatements | undefined;
  readonly #giveUp = new AbortController();
  readonly #begun: Promise<void>;
  #begin: () => void = () => {};
  #dialled: Dialled | undefined;
  #isReferenced = true;

  /**
   * @param place for the driver's messages
   * @param statements that the session runs before the driver's first; '' = none
   */
  constructor(
    readonly place: { readonly host: string; readonly port: number },
    patience: Patience,
    statements: string,
    dial: (signal: AbortSignal) => Promise<Dialled>,
  ) {
    super({ allowHalfOpen: false, emitClose: false });
    this.#dial = dial;
    this.#patience = patience;
    this.#opening = statements === '' ? undefined : new OpeningStatements(statements);
    this.#begun = new Promise((resolve) => {
      this.#begin = resolve;
    });
  }

  get host(): string {
    return this.place.host;
  }

  get port(): number {
    return this.place.port;
  }

  /** Of a socket, as the drivers look at it. */
  get readyState(): 'open' | 'closed' {
    return this.destroyed ? 'closed' : 'open';
  }

  /** The server's process, by its own word; undefined = it has not said. */
  get process(): number | undefined {
    return this.#conversation.process;
  }

  connect(): this {
    this.#begin();
    return this;
  }

  setNoDelay(): this {
    return this; // dial() has done it
  }

  setKeepAlive(): this {
    return this; // so is this, and shorter than a driver would
  }

  ref(): this {
    this.#isReferenced = true;
    this.#dialled?.raw.ref();
    return this;
  }

  unref(): this {
    this.#isReferenced = false;
    this.#dialled?.raw.unref();
    return this;
  }

  /** A farewell that waits for a connection is not worth making one. */
  override end(...args: unknown[]): this {
    if (this.#dialled === undefined) return this.destroy();
    return super.end(...(args as [])) as this;
  }

  override destroy(error?: Error): this {
    this.#giveUp.abort(error);
    this.#begin();
    return super.destroy(error);
  }

  override _construct(done: (error?: Error | null) => void): void {
    this.#open().then(
      () => done(),
      async (error: Error) => {
        await laterOn();
        // Whoever gave it up has said why, or that nothing is wrong.
        done(this.#giveUp.signal.aborted ? null : error);
      },
    );
  }

  async #open(): Promise<void> {
    await this.#begun;
    const { signal } = this.#giveUp;
    signal.throwIfAborted();
    const dialled = await this.#dial(signal);
    const { stream, raw } = dialled;
    if (signal.aborted) {
      raw.destroy();
      throw signal.reason;
    }
    this.#dialled = dialled;
    if (!this.#isReferenced) raw.unref();
    stream.on('data', (data: Buffer) => {
      this.#conversation.heard(data);
      const forDriver = this.#opening === undefined ? data : this.#opened(stream, this.#opening.take(data));
      if (forDriver.length === 0 || this.push(forDriver)) return;
      this.#isHeldBack = true;
      stream.pause();
    });
    stream.once('end', () => this.push(null));
    stream.on('error', (error) => this.destroy(error));
    stream.once('close', () => this.destroy());
    stream.resume();
    this.#boundSilence();
    this.emit('connect');
  }

  #opened(stream: Dialled['stream'], { toDriver, toServer, state }: Passed): Buffer {
    if (toServer !== undefined) stream.write(toServer);
    if (state !== 'at work') this.#opening = undefined;
    if (state === 'refused') stream.end();
    return toDriver;
  }

  #boundSilence(): void {
    const { firstWordMs } = this.#patience;
    if (firstWordMs === 0) return;
    const seconds = firstWordMs / 1_000;
    const timer = setTimeout(() => {
      const error = new Error(`${this.host}:${this.port} was reached and said nothing for ${seconds} s`);
      this.destroy(Object.assign(error, { code: 'ETIMEDOUT' }));
    }, firstWordMs);
    timer.unref();
    this.#dialled?.stream.once('data', () => clearTimeout(timer)).once('close', () => clearTimeout(timer));
  }

  /** Where one has died, those that have not spoken since are asked about sooner: a pool would else lose them one by one. */
  get #silenceMs(): number {
    const { silenceMs, inquiry } = this.#patience;
    const isSuspect = inquiry !== undefined && this.#conversation.lastWordAt < inquiry.lostAt;
    return isSuspect ? silenceMs / SOONER : silenceMs;
  }

  /** From when an answer is due until it has come. */
  #watchSilence(ms: number): void {
    if (this.#watch !== undefined || this.destroyed) return;
    this.#watch = setTimeout(() => {
      this.#watch = undefined;
      void this.#look();
    }, ms);
    this.#watch.unref();
  }

  async #look(): Promise<void> {
    const conversation = this.#conversation;
    if (this.#isHeldBack) conversation.excuse();
    if (this.destroyed || !conversation.isAnswerDue) return;
    const { firstWordMs, inquiry } = this.#patience;
    const silenceMs = this.#silenceMs;
    const { silentMs, process } = conversation;
    if (silentMs < silenceMs) return this.#watchSilence(silenceMs - silentMs);
    // One that is not logged in yet has nothing in hand.
    if (inquiry === undefined || process === undefined) {
      if (silentMs >= Math.max(silenceMs, firstWordMs))
        return this.#throwAway(silentMs, 'nobody can be asked about it');
      return this.#watchSilence(silenceMs);
    }
    const answer = await inquiry.ask({ process, silentMs });
    if (this.destroyed || !conversation.isAnswerDue) return;
    // It has spoken meanwhile.
    if (conversation.silentMs < silentMs) return this.#watchSilence(silenceMs);
    const isLost =
      answer === 'gone' ||
      (answer === 'away' && silentMs >= UNASKED * this.#patience.silenceMs) ||
      (answer === 'unknown' && silentMs >= UNTOLD * this.#patience.silenceMs);
    if (!isLost) return this.#watchSilence(this.#patience.silenceMs);
    inquiry.lostAt = performance.now();
    this.#throwAway(conversation.silentMs, FOUND[answer]);
  }

  #throwAway(silentMs: number, found: string): void {
    const error = new Error(
      `${this.host}:${this.port} has not answered for ${Math.round(silentMs / 1_000)} s, and ${found}: the connection is given up`,
    );
    this.destroy(Object.assign(error, { code: 'ETIMEDOUT' }));
  }

  override _read(): void {
    if (this.#isHeldBack) {
      this.#isHeldBack = false;
      this.#conversation.excuse();
    }
    this.#dialled?.stream.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#conversation.sent(chunk);
    this.#watchSilence(this.#silenceMs);
    this.#dialled?.stream.write(chunk, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#dialled?.stream.end(() => done());
    setTimeout(() => this.destroy(), FAREWELL_MS).unref();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    clearTimeout(this.#watch);
    this.#dialled?.stream.destroy();
    this.#dialled?.raw.destroy();
    done(error);
    process.nextTick(() => this.emit('close', error !== null));
  }
}
