// The wire: reads whole requests, and sends answers in time, late, half or not at all.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Delivery } from './faults.js';

const largestBody = 20_000_000;

export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

/** The body as text; undefined when it is too large or the client went away. */
export async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const parts: Buffer[] = [];
  let size = 0;
  try {
    for await (const part of request as AsyncIterable<Buffer>) {
      size += part.length;
      if (size > largestBody) return undefined;
      parts.push(part);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(parts).toString('utf8');
}

export class HttpServer {
  readonly #server: Server;
  readonly #timers = new Set<NodeJS.Timeout>();

  constructor(handler: Handler) {
    this.#server = createServer((request, response) => {
      // A client that goes away is the client's business.
      response.on('error', () => undefined);
      handler(request, response).catch((error: unknown) => {
        if (!response.headersSent) response.writeHead(500, { 'content-type': 'text/plain' });
        response.end(`the simulator failed: ${error instanceof Error ? error.stack : String(error)}`);
      });
    });
    // Longer than a client's, so that it is never the simulator that closes a connection about to be used again.
    this.#server.keepAliveTimeout = 120_000;
  }

  /** The port it listens on. */
  async listen(port: number, host: string): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    return (this.#server.address() as AddressInfo).port;
  }

  /** Sends it as its faults say; `onSent` gets the status, or 0 when not all of it was sent. */
  deliver(
    response: ServerResponse,
    delivery: Delivery,
    headers: Record<string, string>,
    onSent: (status: number) => void,
  ) {
    if (delivery.delayMs <= 0) return transmit(response, delivery, headers, onSent);
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      transmit(response, delivery, headers, onSent);
    }, delivery.delayMs);
    this.#timers.add(timer);
  }

  /** Ends all connections, answered or not. */
  async close(): Promise<void> {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }
}

function transmit(
  response: ServerResponse,
  { answer, loss }: Delivery,
  headers: Record<string, string>,
  onSent: (status: number) => void,
): void {
  onSent(loss === 'none' ? answer.status : 0);
  if (loss === 'hang') return;
  if (loss === 'before-headers') {
    response.destroy();
    return;
  }
  const body = Buffer.from(answer.body);
  response.writeHead(answer.status, { ...headers, ...answer.headers, 'content-length': String(body.length) });
  if (loss === 'none') response.end(body);
  else response.write(body.subarray(0, Math.floor(body.length / 2)), () => response.destroy());
}
