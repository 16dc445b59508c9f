// Redis as it is hosted: with TLS and an authority of its own, with a user of its ACL, in cluster mode.
import { randomUUID } from 'node:crypto';
import { rmSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { readRedisAddress } from '../../src/addresses/redis.js';
import { UsageError } from '../../src/errors.js';
import { openRedisBackend } from '../../src/queue/on-redis.js';
import { openAuthority } from '../support/certificates.js';
import { runCli } from '../support/cli.js';
import { createDatabase } from '../support/database.js';
import { log } from '../support/log.js';
import { needing } from '../support/needs.js';
import { openOwnRedis } from '../support/servers.js';
import { until } from '../support/until.js';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A job goes through the queue there. */
async function works(text: string): Promise<void> {
  const backend = await open(text);
  closing.push(() => backend.close());
  const done: string[] = [];
  const queue = backend.openQueue('tried');
  const worker = backend.openWorker('tried', async (job) => void done.push(job.name), {});
  closing.push(
    () => queue.close(),
    () => worker.close(),
  );
  for (const part of [queue, worker]) part.on('error', () => {});
  await queue.add('one', { deliveryId: 1, times: 1 } as never);
  await until('the job is done', () => (done.length === 1 ? true : undefined));
}

function open(text: string) {
  const problems: string[] = [];
  const address = readRedisAddress(text, problems);
  if (address === undefined) throw new Error(problems.join());
  // Each with queues of its own: the worker of one must not take the job of another.
  return openRedisBackend(address, randomUUID(), log);
}

async function withRedis(settings: (port: number) => string[]): Promise<string> {
  const redis = await openOwnRedis(settings);
  closing.push(() => redis.close());
  return new URL(redis.url).port;
}

test('TLS with an authority of its own is verified', needing('redis-server', 'openssl'), async () => {
  const [authority, stranger] = [openAuthority(), openAuthority()];
  closing.push(authority.close, stranger.close);
  const tls =
    ({ cert, key }: { cert: string; key: string }) =>
    (port: number) => [
      '--port',
      '0',
      '--tls-port',
      String(port),
      '--tls-cert-file',
      cert,
      '--tls-key-file',
      key,
      '--tls-ca-cert-file',
      authority.ca,
      '--tls-auth-clients',
      'no',
    ];
  const port = await withRedis(tls(authority.sign(['DNS:localhost'])));
  const elsewhere = await withRedis(tls(authority.sign(['DNS:cache.example'])));

  await works(`rediss://localhost:${port}?ssl_ca_certs=${authority.ca}`);
  await works(`rediss://localhost:${port}?ssl_cert_reqs=none`);
  await works(`rediss://localhost:${elsewhere}?ssl_ca_certs=${authority.ca}&ssl_check_hostname=false`);
  await expect(open(`rediss://localhost:${port}`)).rejects.toThrow(/\?ssl_ca_certs=<file>/);
  await expect(open(`rediss://localhost:${port}?ssl_ca_certs=${stranger.ca}`)).rejects.toThrow(
    /cannot be used: .*certificate/,
  );
  await expect(open(`rediss://localhost:${elsewhere}?ssl_ca_certs=${authority.ca}`)).rejects.toThrow(/cache\.example/);
});

test(
  'a user of the ACL with a password of any characters, and a database of its own',
  needing('redis-server'),
  async () => {
    const password = 'a:b@c/d?e#f%g';
    const port = await withRedis(() => [
      '--user',
      'worker',
      'on',
      `>${password}`,
      '~*',
      '&*',
      '+@all',
      '--user',
      'default',
      'off',
    ]);
    await works(`redis://worker:${encodeURIComponent(password)}@127.0.0.1:${port}/5`);
    await works(`redis://worker:${password}@127.0.0.1:${port}/5`);
    await expect(open(`redis://worker:S3CRET@127.0.0.1:${port}`)).rejects.toThrow(
      /^Redis at 127\.0\.0\.1:\d+ cannot be used: WRONGPASS (?!.*S3CRET)/,
    );
  },
);

test('a socket', needing('redis-server'), async () => {
  const socket = `/tmp/hive-sync-redis-${process.pid}.sock`;
  await withRedis(() => ['--unixsocket', socket]);
  await works(`unix://${socket}?db=2`);
});

test('cluster mode is refused with one sentence and exit code 2', needing('redis-server'), async () => {
  const nodes = `/tmp/hive-sync-nodes-${process.pid}.conf`;
  closing.push(() => rmSync(nodes, { force: true }));
  const port = await withRedis(() => ['--cluster-enabled', 'yes', '--cluster-config-file', nodes]);
  await expect(open(`redis://127.0.0.1:${port}`)).rejects.toThrow(UsageError);
  const ended = await runCli(['sync', 'orders'], {
    HIVE_API_KEY: 'a-key',
    HIVE_API_URL: 'http://127.0.0.1:9',
    DATABASE_URL: await createDatabase(),
    REDIS_URL: `redis://127.0.0.1:${port}`,
  });
  expect(ended.stderr).toMatch(
    /^Error: The Redis at 127\.0\.0\.1:\d+ is in cluster mode, which the queue cannot use\. .*\n$/,
  );
  expect(ended.code).toBe(2);
});
