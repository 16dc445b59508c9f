// What a driver takes for its socket, before there is a connection. The rule: whatever keeps the connection from being
// made reaches the driver as the error of a socket that was open, after which drivers behave best.
import { Duplex } from 'node:stream';
import { Conversation } from './conversation.js';
import type { Dialled } from './dial.js';
import { OpeningStatements, type Passed } from './opening-statements.js';
import { type Patience, SilenceWatch } from './silence.js';

/** Two turns of the event loop: what the driver has written by then has left it. */
const laterOn = async (): Promise<void> => {
  for (let turn = 0; turn < 2; turn += 1) await new Promise(setImmediate);
};

/** A farewell is sent within this time; what has not gone by then never will. */
const FAREWELL_MS = 1_000;

/**
 * Begins with connect(), and emits `connect` when bytes can go both ways; what is written before waits. `close` says, as
 * that of a socket does, whether there was an error.
 */
export class DialledSocket extends Duplex {
  readonly #dial: (signal: AbortSignal) => Promise<Dialled>;
  readonly #firstWordMs: number;
  readonly #conversation = new Conversation(() => void this.#leaveReadOnly());
  readonly #silence: SilenceWatch;
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
    this.#firstWordMs = patience.firstWordMs;
    this.#silence = new SilenceWatch(this.#conversation, patience, (silentMs, found) => {
      const seconds = Math.round(silentMs / 1_000);
      this.#giveUpSilent(`has not answered for ${seconds} s, and ${found}: the connection is given up`);
    });
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
      this.#silence.heard(data);
      const forDriver = this.#opening === undefined ? data : this.#opened(stream, this.#opening.take(data));
      if (forDriver.length === 0 || this.push(forDriver)) return;
      this.#silence.holdBack();
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
    if (this.#firstWordMs === 0) return;
    const seconds = this.#firstWordMs / 1_000;
    const timer = setTimeout(
      () => this.#giveUpSilent(`was reached and said nothing for ${seconds} s`),
      this.#firstWordMs,
    );
    timer.unref();
    this.#dialled?.stream.once('data', () => clearTimeout(timer)).once('close', () => clearTimeout(timer));
  }

  #giveUpSilent(what: string): void {
    this.destroy(Object.assign(new Error(`${this.host}:${this.port} ${what}`), { code: 'ETIMEDOUT' }));
  }

  /** Another server may have taken over from this one, and is found by the next connection. The driver reads the error first. */
  async #leaveReadOnly(): Promise<void> {
    await laterOn();
    const gone = `${this.host}:${this.port} has become read-only: the connection is given up, another server may be found`;
    this.destroy(Object.assign(new Error(gone), { code: 'ECONNRESET' }));
  }

  override _read(): void {
    this.#silence.goOn();
    this.#dialled?.stream.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#silence.sent(chunk);
    this.#dialled?.stream.write(chunk, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#dialled?.stream.end(() => done());
    setTimeout(() => this.destroy(), FAREWELL_MS).unref();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#silence.end();
    this.#dialled?.stream.destroy();
    this.#dialled?.raw.destroy();
    done(error);
    process.nextTick(() => this.emit('close', error !== null));
  }
}
