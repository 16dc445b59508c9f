// Is an answer due on a connection to PostgreSQL, and does its server still take what is written? Told by the messages that
// go over it, whoever writes them, so that both drivers are watched in one place.
// Source: PostgreSQL documentation, "Message Flow" (55.2), "Message Formats" (55.7) and "Error and Notice Message Fields" (55.8).

const QUERY = 0x51;
const SYNC = 0x53;
const READY_FOR_QUERY = 0x5a;
const BACKEND_KEY_DATA = 0x4b;
const ERROR_RESPONSE = 0x45;
/** Of ReadyForQuery: no transaction is open. */
const IDLE = 0x49;
/** Of an error: read_only_sql_transaction. We never ask for one that writes in a transaction of ours that may not. */
const READ_ONLY_CODE = Buffer.from('\0C25006\0');
/** So many bytes of a message are looked at: the code of an error comes after its severity, once translated. */
const LOOKED_AT: Readonly<Record<number, number>> = {
  [READY_FOR_QUERY]: 1,
  [BACKEND_KEY_DATA]: 4,
  [ERROR_RESPONSE]: 100,
};

export class Conversation {
  /** Times that the server has yet to say that it is ready. */
  #due = 0;
  /** Something was sent after the last that came: half of a statement has no end that could be counted. */
  #askedLast = false;
  #heardAt = performance.now();
  #lastWordAt = performance.now();
  #process: number | undefined;
  #isReadOnly = false;
  readonly #sent: Frames;
  readonly #heard: Frames;

  /** @param turnedReadOnly the server takes no writes any more, has said so, and its connection is free */
  constructor(turnedReadOnly: () => void) {
    this.#sent = new Frames(true, (type) => {
      // The first has no type: the start, which ends when the server is ready.
      if (type === undefined || type === QUERY || type === SYNC) this.#due += 1;
    });
    this.#heard = new Frames(false, (type, begins) => {
      if (type === READY_FOR_QUERY && this.#due > 0) this.#due -= 1;
      if (type === ERROR_RESPONSE && begins.includes(READ_ONLY_CODE)) this.#isReadOnly = true;
      if (type === READY_FOR_QUERY && this.#isReadOnly && begins[0] === IDLE) turnedReadOnly();
      if (type === BACKEND_KEY_DATA && begins.length >= 4) this.#process = begins.readInt32BE(0);
    });
  }

  sent(chunk: Buffer): void {
    if (!this.isAnswerDue) this.#heardAt = performance.now();
    this.#sent.take(chunk);
    this.#askedLast = true;
  }

  heard(chunk: Buffer): void {
    this.#heardAt = performance.now();
    this.#lastWordAt = this.#heardAt;
    this.#askedLast = false;
    this.#heard.take(chunk);
  }

  /** What has stood still on our side says nothing about the other. */
  excuse(): void {
    this.#heardAt = performance.now();
  }

  get isAnswerDue(): boolean {
    return this.#due > 0 || this.#askedLast;
  }

  /** Since an answer is due and nothing has come, milliseconds. */
  get silentMs(): number {
    return performance.now() - this.#heardAt;
  }

  /** When anything came at all, or it began, as performance.now() tells it. */
  get lastWordAt(): number {
    return this.#lastWordAt;
  }

  /** The server's process, by its own word; undefined = it has not said. */
  get process(): number | undefined {
    return this.#process;
  }
}

const NOTHING = Buffer.alloc(0);

/** Cuts a stream into messages. No more is kept of one than its first bytes, where they are looked at. */
class Frames {
  readonly #told: (type: number | undefined, begins: Buffer) => void;
  readonly #header = Buffer.alloc(5);
  /** Of the header; the very first message of a client has no type. */
  #have: number;
  #left = 0;
  #type: number | undefined;
  #begins: Buffer = NOTHING;

  constructor(startsUntyped: boolean, told: (type: number | undefined, begins: Buffer) => void) {
    this.#told = told;
    this.#have = startsUntyped ? 1 : 0;
  }

  take(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#left > 0) {
        const some = chunk.subarray(at, at + this.#left);
        const wanted = (LOOKED_AT[this.#type ?? 0] ?? 0) - this.#begins.length;
        if (wanted > 0) this.#begins = Buffer.concat([this.#begins, some.subarray(0, wanted)]);
        this.#left -= some.length;
        at += some.length;
      } else {
        this.#header[this.#have] = chunk[at] ?? 0;
        this.#have += 1;
        at += 1;
        if (this.#have < 5) continue;
        this.#have = 0;
        this.#type = this.#header[0] || undefined;
        this.#left = Math.max(0, this.#header.readUInt32BE(1) - 4);
        this.#begins = NOTHING;
      }
      if (this.#left === 0) this.#told(this.#type, this.#begins);
    }
  }
}
