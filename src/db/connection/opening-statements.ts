// Statements that a session runs before its driver may say anything. Neither driver has a place for them that is certain to
// come first, so they are sent below the driver: when the server is ready for the first time, that news is held back until
// they have run. Source: PostgreSQL documentation, "Message Flow" (55.2) and "Message Formats" (55.7).

const READY = 'Z';
const ERROR = 'E';
const PARAMETER = 'S';
/** A letter and four bytes of length, which count themselves. */
const HEAD = 5;

/** What came from the server, as far as it is for the driver; and what it is told now. */
export interface Passed {
  readonly toDriver: Buffer;
  readonly toServer?: Buffer;
  /** From now on everything passes; `refused`: the driver has the server's error, and the connection is of no use. */
  readonly state: 'at work' | 'done' | 'refused';
}

/** One per connection. */
export class OpeningStatements {
  readonly #statements: string;
  #rest: Buffer = Buffer.alloc(0);
  /** The server's first "ready", held back. */
  #ready: Buffer | undefined;
  #isRefused = false;

  /** @param statements separated by semicolons */
  constructor(statements: string) {
    this.#statements = statements;
  }

  /** @param chunk of what the server sends, from its first byte on */
  take(chunk: Buffer): Passed {
    const toDriver: Buffer[] = [];
    let toServer: Buffer | undefined;
    let left = Buffer.concat([this.#rest, chunk]);
    while (left.length >= HEAD && left.length > left.readUInt32BE(1)) {
      const message = left.subarray(0, left.readUInt32BE(1) + 1);
      left = left.subarray(message.length);
      const kind = String.fromCharCode(message[0] ?? 0);
      if (this.#ready === undefined) {
        if (kind !== READY) {
          toDriver.push(message);
          continue;
        }
        this.#ready = message;
        toServer = asked(this.#statements);
      } else if (kind === ERROR) {
        this.#isRefused = true;
        toDriver.push(message);
      } else if (kind === PARAMETER) {
        toDriver.push(message);
      } else if (kind === READY) {
        if (this.#isRefused) return { toDriver: Buffer.concat(toDriver), state: 'refused' };
        return { toDriver: Buffer.concat([...toDriver, this.#ready, left]), state: 'done' };
      }
    }
    this.#rest = left;
    const passed = { toDriver: Buffer.concat(toDriver), state: 'at work' as const };
    return toServer === undefined ? passed : { ...passed, toServer };
  }
}

/** A message Query. */
function asked(statements: string): Buffer {
  const text = Buffer.from(`${statements}\0`);
  const head = Buffer.from('Q....');
  head.writeUInt32BE(text.length + 4, 1);
  return Buffer.concat([head, text]);
}
