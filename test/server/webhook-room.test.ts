// Promise: what bodies take is counted to the byte of memory, and given back however they end.
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { openWebhookRoom } from '../../src/server/webhook-room.js';
import { headOf, openRawClient, type RawClient } from '../support/raw-client.js';
import { until } from '../support/until.js';

const MOST = 100_000;

/** A server that reads bodies and does not answer before it is told to. */
async function openReader(bytes = 1_000_000) {
  const room = openWebhookRoom(bytes, 600_000);
  const waiting: http.ServerResponse[] = [];
  const outcomes: string[] = [];
  const server = http.createServer((request, response) => {
    room.enter(request, response, '192.0.2.1');
    room.read(request, MOST).then(
      (body) => {
        outcomes.push(body.toString());
        waiting.push(response);
      },
      (error: Error) => {
        outcomes.push(error.message);
        response.writeHead(500, { connection: 'close' }).end();
      },
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const connect = async (): Promise<RawClient> => openRawClient(url);
  return { room, waiting, outcomes, connect };
}

const post = (body: string, length = body.length): string => headOf('POST /', { 'content-length': length }) + body;

test('a body counts by the memory that it takes, in single bytes too, until its answer has left', async () => {
  const { room, waiting, outcomes, connect } = await openReader();
  const client = await connect();
  client.send(headOf('POST /', { 'transfer-encoding': 'chunked' }));
  for (let n = 0; n < 5_000; n++) client.send('1\r\nx\r\n');
  client.send('0\r\n\r\n');
  await until('it is read', () => waiting.length === 1);
  expect(outcomes).toEqual(['x'.repeat(5_000)]);
  expect(room.taken()).toBe(8_192);
  waiting[0]?.end();
  await until('it is given back', () => room.taken() === 0);
  client.leave();
});

test('it is given back when the connection goes: in the middle of a body, and with several requests on it', async () => {
  const { room, waiting, outcomes, connect } = await openReader();
  const half = await connect();
  half.send(post('x'.repeat(50_000), 90_000));
  const several = await connect();
  for (let n = 0; n < 3; n++) several.send(post('y'.repeat(10_000)));
  await until('they are read', () => waiting.length === 3);
  expect(room.taken()).toBeGreaterThanOrEqual(80_000);
  half.leave();
  several.leave();
  await until('all is given back', () => room.taken() === 0);
  expect(outcomes).toContain('The body ended too soon. Send it again.');
});

test('what is announced takes nothing, and what is too long is refused by what it announces', async () => {
  const { room, outcomes, connect } = await openReader();
  const client = await connect();
  client.send(post('', MOST));
  const tooLong = await connect();
  tooLong.send(post('', MOST + 1));
  await tooLong.untilClosed();
  expect(outcomes).toEqual([expect.stringContaining(`longer than the ${MOST} bytes`)]);
  expect(room.taken()).toBe(0);
  client.leave();
});
