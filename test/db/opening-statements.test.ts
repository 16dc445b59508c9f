// What a session runs before its driver may speak: however the server's bytes are cut, the driver sees none of it.
import { expect, test } from 'vitest';
import { OpeningStatements } from '../../src/db/connection/opening-statements.js';

function message(kind: string, body = ''): Buffer {
  const whole = Buffer.from(`${kind}....${body}`);
  whole.writeUInt32BE(body.length + 4, 1);
  return whole;
}

const LOGIN = [message('R', '\0\0\0\0'), message('S', 'TimeZone\0CET\0'), message('K', '12345678'), message('Z', 'I')];
const ANSWER = [message('C', 'SET\0'), message('N', 'a notice\0'), message('S', 'TimeZone\0UTC\0'), message('Z', 'I')];
const QUERY = message('Q', 'set a to b\0');

/** As a socket does it, in pieces of so many bytes. */
function pass(size: number, ...answer: Buffer[]) {
  const opening = new OpeningStatements('set a to b');
  const driver: Buffer[] = [];
  const server: Buffer[] = [];
  let state = 'at work';
  const feed = (bytes: Buffer) => {
    for (let at = 0; at < bytes.length && state === 'at work'; at += size) {
      const passed = opening.take(bytes.subarray(at, at + size));
      driver.push(passed.toDriver);
      if (passed.toServer !== undefined) server.push(passed.toServer);
      state = passed.state;
    }
  };
  feed(Buffer.concat(LOGIN));
  const before = Buffer.concat(driver);
  feed(Buffer.concat(answer));
  return { before, driver: Buffer.concat(driver), server: Buffer.concat(server), state };
}

test.each([1, 3, 7, 1_000])('in pieces of %i bytes', (size) => {
  const { before, driver, server, state } = pass(size, ...ANSWER);
  expect(before).toEqual(Buffer.concat(LOGIN.slice(0, 3)));
  expect(server).toEqual(QUERY);
  // A parameter that changed is told, then that the server is ready.
  expect(driver).toEqual(Buffer.concat([before, message('S', 'TimeZone\0UTC\0'), message('Z', 'I')]));
  expect(state).toBe('done');
});

test('an error is told, and that it is ready is not', () => {
  const { before, driver, state } = pass(1, message('E', 'no\0'), message('Z', 'I'));
  expect(driver).toEqual(Buffer.concat([before, message('E', 'no\0')]));
  expect(state).toBe('refused');
});

test('what follows in the same piece is not lost', () => {
  const opening = new OpeningStatements('set a to b');
  opening.take(Buffer.concat(LOGIN));
  const later = message('A', 'a notification');
  const { toDriver } = opening.take(Buffer.concat([message('C', 'SET\0'), message('Z', 'I'), later]));
  expect(toDriver).toEqual(Buffer.concat([message('Z', 'I'), later]));
});
