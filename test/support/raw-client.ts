// A client that writes to its socket whatever it likes, whenever it likes.
import { once } from 'node:events';
import net from 'node:net';

export interface RawClient {
  send(text: string | Uint8Array): void;
  /** Sends it byte by byte, a few milliseconds apart, for as long as the server listens. */
  trickle(text: string): void;
  /** Everything that came until the connection ended, by whoever. */
  untilClosed(): Promise<string>;
  received(): string;
  isOpen(): boolean;
  leave(): void;
}

export async function openRawClient(url: string): Promise<RawClient> {
  const { hostname, port } = new URL(url);
  const socket = net.connect({ host: hostname, port: Number(port) });
  let received = '';
  let timer: NodeJS.Timeout | undefined;
  // A reset ends it too.
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    received += chunk.toString();
  });
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      clearInterval(timer);
      resolve();
    });
  });
  await once(socket, 'connect');
  return {
    send: (text) => void socket.write(text),
    trickle(text) {
      let at = 0;
      timer = setInterval(() => socket.write(text.charAt(at++ % text.length)), 5);
    },
    async untilClosed() {
      await closed;
      return received;
    },
    received: () => received,
    isOpen: () => !socket.destroyed && socket.readyState === 'open',
    leave: () => void socket.destroy(),
  };
}

/** The head of a request. */
export const headOf = (line: string, headers: Readonly<Record<string, string | number>> = {}): string =>
  [
    `${line} HTTP/1.1`,
    'host: 127.0.0.1',
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    '',
    '',
  ].join('\r\n');
