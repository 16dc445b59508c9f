// Traffic that nobody wants, from a process of its own, until it is ended:
//   node bench/support/hostile.mjs <origin> <API key>
// Bodies that never end, guesses of the token under false addresses, webhooks with wrong signatures and right ones that
// were sent before, and bytes that are no HTTP.
import { createHmac, randomBytes } from 'node:crypto';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const [origin = '', apiKey = ''] = process.argv.slice(2);
const { hostname, port } = new URL(origin);
const counts = { guesses: 0, signed: 0, unsigned: 0, malformed: 0, slow: 0 };

/** Goes on for ever, whatever happens: that is what they do. */
async function forever(act) {
  for (;;) {
    try {
      await act();
    } catch {
      await sleep(20);
    }
  }
}

const post = async (path, body, headers) => {
  const answer = await fetch(origin + path, { method: 'POST', body, headers, signal: AbortSignal.timeout(20_000) });
  await answer.arrayBuffer();
};

const bodies = Array.from({ length: 80 }, (_, i) =>
  JSON.stringify({ id: i + 1, status: 'on_hold', tracking_url: `https://x/${i}`, order_id: i + 1 }),
);
const signed = (body) => createHmac('sha256', apiKey).update(body).digest('hex');
const large = Buffer.alloc(100_000, 0x7b);

let n = 0;
const actors = [
  ...Array(6).fill(async () => {
    const forwarded = [...randomBytes(4)].join('.');
    counts.guesses += 1;
    await post('/login', `token=${randomBytes(16).toString('hex')}`, {
      'content-type': 'application/x-www-form-urlencoded',
      'x-forwarded-for': forwarded,
      origin,
    });
  }),
  ...Array(3).fill(async () => {
    const body = bodies[n++ % bodies.length];
    counts.signed += 1;
    await post('/webhooks/hive', body, { 'x-hive-signature': signed(body) });
  }),
  ...Array(3).fill(async () => {
    counts.unsigned += 1;
    await post('/webhooks/hive', large, { 'x-hive-signature': '0'.repeat(64) });
  }),
  ...Array(2).fill(
    () =>
      new Promise((resolve) => {
        counts.malformed += 1;
        const socket = net.connect(Number(port), hostname);
        socket.on('error', resolve).on('close', resolve);
        const what = counts.malformed % 3;
        if (what === 0) socket.end(randomBytes(2_000));
        else if (what === 1) socket.write(`GET /${'a'.repeat(70_000)} HTTP/1.1\r\n\r\n`);
        else socket.write(`GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\nzz\r\n`);
        setTimeout(() => socket.destroy(), 1_000);
      }),
  ),
  ...Array(300).fill(
    () =>
      new Promise((resolve) => {
        counts.slow += 1;
        const socket = net.connect(Number(port), hostname);
        const head =
          counts.slow % 2 === 0
            ? `POST /webhooks/hive HTTP/1.1\r\nHost: ${hostname}:${port}\r\nx-hive-signature: ${'0'.repeat(64)}\r\nContent-Length: 2000000\r\n\r\n`
            : 'GET /healthz HTTP/1.1\r\nHost: x\r\n';
        socket.write(head);
        const drip = setInterval(() => socket.write('x'), 1_000);
        const done = () => {
          clearInterval(drip);
          setTimeout(resolve, 500);
        };
        socket.on('error', () => {}).on('close', done);
      }),
  ),
];
for (const act of actors) void forever(act);
setInterval(() => process.send?.(counts), 500);
