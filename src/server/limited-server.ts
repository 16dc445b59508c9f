// An HTTP server that gives nobody its time for ever: requests come within their limits, or are answered 408.
import { createServer, type RequestListener, type Server, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { ServerLimits } from './limits.js';
import type { Places } from './places.js';

/** Those that were told to go still count for a moment, and as many as the backlog holds may come at once. */
const LEAVING = 512;

const SENTENCES: Readonly<Record<number, string>> = {
  400: 'This is no HTTP request.',
  408: 'The request did not come in time. Send it again, faster.',
  431: 'The headers are too long. 16 KiB are taken.',
};

export function createLimitedServer(limits: ServerLimits, places: Places, listener: RequestListener): Server {
  const server = createServer(
    {
      headersTimeout: limits.headersMs,
      requestTimeout: Math.max(limits.requestMs, limits.headersMs),
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: limits.checkEveryMs,
    },
    listener,
  );
  server.setTimeout(limits.silenceMs);
  server.maxConnections = limits.connections + LEAVING;
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    if (socket.writable && error.code !== 'ECONNRESET') socket.write(answerTo(error.code));
    socket.destroy();
  });
  server.on('connection', places.take);
  return server;
}

/** As the other errors look; what was wrong in detail is nobody's help. */
function answerTo(code: string | undefined): string {
  const status = code === 'ERR_HTTP_REQUEST_TIMEOUT' ? 408 : code === 'HPE_HEADER_OVERFLOW' ? 431 : 400;
  const body = JSON.stringify({ errors: [SENTENCES[status]] });
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}
