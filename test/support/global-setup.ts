// Once per test run: a PostgreSQL server (DATABASE_URL, else the embedded one), a migrated template database that test
// files clone, and whether there is a Redis.
import { randomBytes } from 'node:crypto';
import { chmodSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { runMigrations } from 'bullmq';
import pg from 'pg';
import postgres from 'postgres';
import type { TestProject } from 'vitest/node';
import { openDatabase } from '../../src/db/database.js';
import { openEmbeddedPostgres } from '../../src/db/embedded/index.js';
import { migrate } from '../../src/db/migrate.js';
import { RELEASED } from '../../src/db/migrating/steps.js';

declare module 'vitest' {
  interface ProvidedContext {
    /** Connection string of the server's maintenance database. */
    server: string;
    template: string;
    /** undefined = no Redis here. */
    redisUrl: string | undefined;
  }
}

const DEFAULT_REDIS = 'redis://127.0.0.1:6379';

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const home = mkdtempSync(path.join(tmpdir(), 'hive-sync-test-'));
  // As root the server runs as another user, who must be able to follow; else its data would go elsewhere.
  chmodSync(home, 0o755);
  const embedded =
    process.env.DATABASE_URL === undefined
      ? await openEmbeddedPostgres({ home, database: 'postgres', durable: false })
      : undefined;
  const server = embedded?.url ?? process.env.DATABASE_URL ?? '';
  const template = `hive_sync_template_${randomBytes(4).toString('hex')}`;
  const maintenance = postgres(server, { max: 1, onnotice: () => {} });
  await maintenance.unsafe(`create database ${template}`);
  await migrateTemplate(inDatabase(server, template));
  project.provide('server', server);
  project.provide('template', template);
  project.provide('redisUrl', await findRedis());
  return async () => {
    await maintenance.unsafe(`drop database ${template}`);
    await maintenance.end();
    await embedded?.close();
    rmSync(home, { recursive: true, force: true });
  };
}

async function migrateTemplate(url: string): Promise<void> {
  const database = await openDatabase(url, { connections: 1 });
  // Without migrations/parts.json, which is made from here when a migration has changed what there is (db/missing-parts.test.ts).
  const folder = mkdtempSync(path.join(tmpdir(), 'hive-sync-migrations-'));
  cpSync(RELEASED, folder, { recursive: true });
  rmSync(path.join(folder, 'parts.json'), { force: true });
  await migrate(database, { folder });
  rmSync(folder, { recursive: true });
  await database.close();
  const client = new pg.Client(url);
  await client.connect();
  await runMigrations(client, 'bullmq');
  await client.end();
}

export function inDatabase(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

/** @throws in CI when none answers: the Redis leg must not be skipped there */
async function findRedis(): Promise<string | undefined> {
  const url = process.env.REDIS_URL ?? DEFAULT_REDIS;
  const { hostname, port } = new URL(url);
  const answers = await new Promise<boolean>((resolve) => {
    const socket = net.connect({ host: hostname, port: Number(port || 6379) });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
  if (answers) return url;
  if (process.env.CI !== undefined)
    throw new Error(`no Redis answers at ${hostname}:${port}, and CI runs both backends`);
  return undefined;
}
