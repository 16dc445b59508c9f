// Carries out one scenario and measures what became of it.
import { sql } from 'drizzle-orm';
import { type Database, openDatabase } from '../src/db/database.js';
import { type CollectionName, collectionNames, openSimulator, type Simulator } from '../src/simulator/index.js';
import { type Ended, startCli } from '../test/support/cli.js';
import { createDatabase } from '../test/support/database.js';
import { type OwnServer, openOwnPostgres, openOwnRedis } from '../test/support/servers.js';
import { openSmallDisk, type SmallDisk } from '../test/support/small-disk.js';
import { expectTablesToEqualTruth } from '../test/support/truth.js';
import { until } from '../test/support/until.js';
import { NEEDED, type Scenario, SIZES, type Stage } from './scenario.js';

export interface Finding {
  readonly group: string;
  readonly trouble: string;
  readonly happened: string;
  /** Records of the API that are in no table at the end. */
  readonly lost: number;
  /** Rows at the end that the API does not have. */
  readonly doubled: number;
  /** Records that were there all the time and are missing although their collection was called complete. */
  readonly missedByCertificate: number;
  readonly certificate: string;
  /** Requests beyond those of an untroubled sync, until the first complete one. */
  readonly wasted: number;
}

/** A sync that has not ended by then hangs. */
const PATIENCE_MS = 90_000;
/** A lasting trouble is told by the first sync and gone for the second; more than that would be no end. */
const MOST_SYNCS = 4;

type Ids = ReadonlyMap<CollectionName, ReadonlySet<number>>;

export async function carryOut(scenario: Scenario): Promise<Finding> {
  const simulator = await openSimulator({ rate: 'unlimited', sizes: SIZES, ...scenario.simulator });
  const servers = await openServers(scenario);
  const env = {
    HIVE_API_KEY: simulator.apiKey,
    HIVE_API_URL: simulator.url,
    SYNC_RETRY_BASE_MS: '50',
    SYNC_PAGE_ATTEMPTS: '6',
    LOG_LEVEL: 'error',
    ...servers.env,
    ...scenario.env,
  };
  const start = (...args: string[]) => startCli(['sync', '--full', ...args], env);
  const before = idsOf(simulator);
  const sync = start();
  const request = (n: number) => until(`request ${n}`, () => simulator.stats().requests >= n).then(() => {});
  const stage: Stage = { simulator, sync, ...servers, request, startAnother: start };
  await scenario.during?.(stage);

  const database = await openDatabase(servers.url, { connections: 2 });
  const ends = [await inTime(sync.ended)];
  const certificate = await certificateIn(database);
  let missed = await missedByCertificate(database, simulator, before);
  scenario.mend?.(stage);
  while (ends.at(-1)?.code !== 0 && ends.length < MOST_SYNCS) {
    // Whoever is told that many records are gone, and knows that they are, says so.
    const allow = ends.at(-1)?.stdout.includes('--allow-deletes') ? ['--allow-deletes'] : [];
    ends.push(await inTime(start(...allow).ended));
    missed += await missedByCertificate(database, simulator, before);
  }
  const requests = simulator.stats().requests;
  // What came behind the reading point is in nobody's certificate yet: the next sync brings it.
  const last = await inTime(start('--allow-deletes').ended);
  if (last.code !== 0) ends.push(last);
  const { lost, doubled } = await difference(database, simulator);
  if (lost + doubled === 0) await expectTablesToEqualTruth(servers.url, simulator);
  await database.close();
  await simulator.close();
  await servers.close();
  return {
    group: scenario.group,
    trouble: scenario.trouble,
    happened: inWords(ends),
    lost,
    doubled,
    missedByCertificate: missed,
    certificate,
    wasted: Math.max(0, requests - NEEDED),
  };
}

async function openServers({ servers: own, disk: megabytes }: Scenario) {
  const absent = new Proxy({}, { get: () => fail('this scenario has no servers or no disk of its own') });
  if (own === undefined) {
    const url = await createDatabase();
    return {
      url,
      env: { DATABASE_URL: url },
      postgres: absent as OwnServer,
      redis: absent as Stage['redis'],
      disk: absent as SmallDisk,
      close: async () => {},
    };
  }
  const disk = megabytes === undefined ? undefined : openSmallDisk(megabytes);
  const postgres = await openOwnPostgres(disk === undefined ? {} : { folder: disk.folder });
  const redis = await openOwnRedis();
  return {
    url: postgres.url,
    env: { DATABASE_URL: postgres.url, ...(own === 'Redis' ? { REDIS_URL: redis.url } : {}) },
    postgres,
    redis,
    disk: disk ?? (absent as SmallDisk),
    close: async () => {
      await postgres.close();
      await redis.close();
      disk?.close();
    },
  };
}

const fail = (message: string): never => {
  throw new Error(message);
};

function inTime(ended: Promise<Ended>): Promise<Ended> {
  const late = new Promise<never>((_, reject) => {
    setTimeout(() => reject(new Error(`a sync has not ended within ${PATIENCE_MS} ms`)), PATIENCE_MS).unref();
  });
  return Promise.race([ended, late]);
}

const idsOf = (simulator: Simulator): Ids =>
  new Map(collectionNames.map((name) => [name, new Set(simulator.truth(name).map(({ id }) => Number(id)))]));

async function idsIn({ db }: Database, name: CollectionName): Promise<Set<number>> {
  const rows = await db.execute<{ id: number }>(
    sql`select id from hive.${sql.identifier(name)} where _deleted_at is null`,
  );
  return new Set(rows.map(({ id }) => id));
}

/** What the windows of the last run say, in words. */
async function certificateIn({ db }: Database): Promise<string> {
  const windows = await db.execute<{ collection: string; state: string }>(sql`
    select collection, state from sync.windows where run_id = (select max(id) from sync.runs) order by id`);
  const certified = windows.filter(({ state }) => state === 'certified').length;
  const others = windows
    .filter(({ state }) => state !== 'certified')
    .map(({ collection, state }) => `${collection} ${state}`);
  if (windows.length === 0) return 'none yet';
  return others.length === 0 ? 'all certified' : `${certified} certified; ${others.join(', ')}`;
}

/**
 * The worst of all failures: complete by its own word, and short. Records in dead letters are named, not missing; one whose
 * id could not be read is counted there.
 */
async function missedByCertificate(database: Database, simulator: Simulator, before: Ids): Promise<number> {
  const { db } = database;
  const certified = await db.execute<{ collection: CollectionName }>(
    sql`select distinct collection from sync.windows where state = 'certified' and kind = 'whole'`,
  );
  const after = idsOf(simulator);
  let missed = 0;
  for (const { collection } of certified) {
    const stored = await idsIn(database, collection);
    const letters = await db.execute<{ id: number | null }>(
      sql`select record_id as id from sync.dead_letters where collection = ${collection} and kind = 'record'`,
    );
    const named = new Set(letters.map(({ id }) => id));
    const nameless = letters.filter(({ id }) => id === null).length;
    const short = [...(before.get(collection) ?? [])].filter(
      (id) => after.get(collection)?.has(id) === true && !stored.has(id) && !named.has(id),
    );
    missed += Math.max(0, short.length - nameless);
  }
  return missed;
}

async function difference(database: Database, simulator: Simulator): Promise<{ lost: number; doubled: number }> {
  let [lost, doubled] = [0, 0];
  for (const [name, ids] of idsOf(simulator)) {
    const stored = await idsIn(database, name);
    lost += [...ids].filter((id) => !stored.has(id)).length;
    doubled += [...stored].filter((id) => !ids.has(id)).length;
  }
  return { lost, doubled };
}

function inWords(ends: readonly Ended[]): string {
  return ends.map((end, nth) => `${nth === 0 ? '' : 'then '}${endOf(end)}`).join(', ');
}

function endOf({ code, signal, stdout, stderr }: Ended): string {
  if (signal !== null) return `ended by ${signal}`;
  if (code === 0) return 'exit 0';
  if (code === 130) return 'exit 130 (interrupted)';
  const said = code === 1 ? /Error: (.*)/.exec(stderr)?.[1] : /is incomplete: (.*)\. It took/.exec(stdout)?.[1];
  return said === undefined ? `exit ${code}` : `exit ${code}: “${said}”`;
}
