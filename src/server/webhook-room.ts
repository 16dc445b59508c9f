// Reads the bodies of webhooks into memory, all of them together into so much and no more. A body counts from its first byte
// until its answer has left or its connection has gone, by what it takes and not by what it says of itself. One network gets a
// share of it, so that no single one can keep out Hive's.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { setTimeout as after, clearTimeout } from 'node:timers';
import { HttpError } from './answer-errors.js';

/** Doubled as it fills: chunks of single bytes would each cost a hundred. */
const FIRST_BYTES = 4_096;
/** What one network may take of it. */
const SHARE = 1 / 4;

export interface WebhookRoom {
  /** Bytes that are taken at the moment. */
  taken(): number;
  /** From now on the body of this request may be read; `response` says when it leaves. @param network as in networkOf() */
  enter(request: IncomingMessage, response: ServerResponse, network: string): void;
  /** @throws HttpError 408 after the time for a body, 413 beyond `most` bytes, 503 when there is no room */
  read(request: IncomingMessage, most: number): Promise<Buffer>;
}

/** What a body takes. */
interface Stay {
  bytes: number;
  readonly network: string;
}

/**
 * @param bytes that all bodies may take together
 * @param bodyMs time for one of them, in milliseconds
 */
export function openWebhookRoom(bytes: number, bodyMs: number): WebhookRoom {
  let taken = 0;
  /** Of those networks only that have a body here. */
  const takenBy = new Map<string, number>();
  const stays = new WeakMap<IncomingMessage, Stay>();
  const onSocket = new WeakMap<Socket, Set<Stay>>();

  /** Those of one connection end with it: an answer that waits behind another one is not told of that. */
  function staysOn(socket: Socket): Set<Stay> {
    const known = onSocket.get(socket);
    if (known !== undefined) return known;
    const here = new Set<Stay>();
    onSocket.set(socket, here);
    socket.once('close', () => {
      for (const stay of here) leave(stay, here);
    });
    return here;
  }

  function leave(stay: Stay, here: Set<Stay>): void {
    here.delete(stay);
    set(stay, 0);
  }

  function set(stay: Stay, to: number): void {
    const ofNetwork = (takenBy.get(stay.network) ?? 0) + to - stay.bytes;
    if (ofNetwork === 0) takenBy.delete(stay.network);
    else takenBy.set(stay.network, ofNetwork);
    taken += to - stay.bytes;
    stay.bytes = to;
  }

  function hasRoom({ network, bytes: before }: Stay, to: number): boolean {
    const more = to - before;
    return taken + more <= bytes && (takenBy.get(network) ?? 0) + more <= bytes * SHARE;
  }

  return {
    taken: () => taken,
    enter(request, response, network) {
      const stay: Stay = { bytes: 0, network };
      const here = staysOn(request.socket);
      here.add(stay);
      stays.set(request, stay);
      response.once('close', () => leave(stay, here));
    },
    read: (request, most) =>
      new Promise((resolve, reject) => {
        const stay = stays.get(request);
        if (stay === undefined) throw new Error('a body is read of a request that did not enter');
        let body = Buffer.alloc(0);
        let length = 0;
        const stop = (): void => {
          clearTimeout(late);
          request.off('data', take).off('end', done).off('error', gone).off('close', gone);
        };
        const refuse = (status: number, sentence: string): void => {
          stop();
          request.pause();
          body = Buffer.alloc(0);
          reject(new HttpError(status, sentence));
        };
        const makeRoom = (needed: number): boolean => {
          if (needed <= body.length) return true;
          const size = Math.min(most, Math.max(FIRST_BYTES, body.length * 2, needed));
          if (!hasRoom(stay, size)) return false;
          set(stay, size);
          const larger = Buffer.allocUnsafeSlow(size);
          body.copy(larger, 0, 0, length);
          body = larger;
          return true;
        };
        const take = (chunk: Buffer): void => {
          if (length + chunk.length > most) refuse(413, tooLong(most));
          else if (!makeRoom(length + chunk.length)) refuse(503, FULL);
          else length += chunk.copy(body, length);
        };
        const done = (): void => {
          stop();
          resolve(body.subarray(0, length));
        };
        const gone = (): void => {
          stop();
          reject(new HttpError(400, 'The body ended too soon. Send it again.'));
        };
        const late = after(() => refuse(408, 'The body did not come in time. Send it again, faster.'), bodyMs).unref();
        if (Number(request.headers['content-length']) > most) refuse(413, tooLong(most));
        else if (!hasRoom(stay, FIRST_BYTES)) refuse(503, FULL);
        else request.on('data', take).on('end', done).on('error', gone).on('close', gone);
      }),
  };
}

const FULL = 'Too many bodies are on their way at the moment. Send it again.';
const tooLong = (most: number): string =>
  `The body is longer than the ${most} bytes that are taken here. Where the address names no account, /webhooks/hive/<account> takes more.`;
