// hive-sync doctor: is everything there that a sync needs? Costs one request per account.

import { openApp } from '../app.js';
import { collectionNamed } from '../collections/index.js';
import { type Config, readConfig } from '../config.js';
import { CLOCKS_DIFFER_MS } from '../db/checks/server.js';
import { isElsewhere } from '../db/identity.js';
import { pendingMigrations } from '../db/migrate.js';
import { checkBuilding } from '../db/migrating/ground.js';
import { promiseInWords, reachBeyond } from '../db/reach.js';
import { lostReaders, mendOf, readPromises } from '../db/readers.js';
import { describe, HiveHttpError, HiveNetworkError, UsageError } from '../errors.js';
import { distinct, type Finding } from '../finding.js';
import { openLog } from '../log.js';
import { countStrangeJobs } from '../queue/strange-jobs.js';
import { findAtServer, findInDatabase, findInQueue } from '../self-check.js';
import { openStore } from '../store.js';
import { styled } from './format.js';
import { type Io, print } from './io.js';

const MARKS = { well: ['green', '✓'], mind: ['yellow', '!'], stop: ['red', '✗'] } as const;

/** @returns 0 when all is well, 1 when something is not, 2 when the configuration is wrong */
export async function doctorCommand(io: Io): Promise<number> {
  const log = openLog('silent', io.stderr);
  let well = true;
  const check = async (what: string, act: () => Promise<string>): Promise<boolean> => {
    try {
      print(io, `${styled(io.stdout, 'green', '✓')} ${what}: ${await act()}`);
      return true;
    } catch (error) {
      print(io, `${styled(io.stdout, 'red', '✗')} ${what}: ${describe(error)}`);
      well = false;
      return false;
    }
  };
  const tell = (findings: readonly Finding[]): boolean => {
    for (const { level, about, sentence } of distinct(findings)) {
      const [colour, sign] = MARKS[level];
      print(io, `${styled(io.stdout, colour, sign)} ${about}: ${sentence}`);
      if (level === 'stop') well = false;
    }
    return !findings.some(({ level }) => level === 'stop');
  };
  let config: Config;
  try {
    config = readConfig(io.env);
    print(io, `${styled(io.stdout, 'green', '✓')} configuration: ${config.accounts.length} account(s)`);
    if (io.exposure !== undefined) tell([{ level: 'mind', about: 'configuration', sentence: io.exposure }]);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    print(io, `${styled(io.stdout, 'red', '✗')} ${describe(error)}`);
    return 2;
  }
  let isFit = true;
  const reachable = await check('database', async () => {
    const store = await openStore(config, { log });
    try {
      isFit = tell(await findAtServer(store, config));
      const pending = await pendingMigrations(store);
      const kind = store.embedded ? `embedded in ${config.home}` : 'reached';
      if (pending.length > 0) await checkBuilding(store.db);
      if (pending.length > 0) return `${kind}; its schema is brought in step now, ${pending.length} migration(s)`;
      return (await isElsewhere(store.db))
        ? `${kind}, schema in step; restored or copied from elsewhere, it gets an identity and queues of its own now`
        : `${kind}, schema in step`;
    } finally {
      await store.close();
    }
  });
  if (!reachable || !isFit) return 1;
  await check('queue', async () => {
    const app = await openApp(config, { log, version: io.version, signal: io.signal });
    try {
      tell(
        (
          await Promise.all([
            ...findInDatabase({ ...app.store, sessions: app.sessions }),
            ...findInQueue(app.backend, config),
          ])
        ).flat(),
      );
      for (const { account, budget, context } of app.accounts) {
        await check(`API key of account ${account.label}`, async () => {
          await budget.probe();
          try {
            const { body, apiAt, answeredAt } = await context.client.list(
              collectionNamed('warehouses')?.path ?? '',
              { page: 1 },
              io.signal,
            );
            tell(onClockOf(new URL(account.apiUrl).host, apiAt, answeredAt));
            return `accepted by ${new URL(account.apiUrl).host}, ${body.itemCount ?? 'some'} warehouses`;
          } catch (error) {
            if (error instanceof HiveHttpError && error.status === 401) {
              throw new Error(
                `refused (401). Check ${account.keyVariable}: it is issued by your account manager at Hive`,
                { cause: error },
              );
            }
            // The client's sentence has no advice, as a run waits for an API that is away.
            if (error instanceof HiveNetworkError || (error instanceof HiveHttpError && error.status === 404)) {
              throw new Error(`${describe(error)}. The address is ${account.apiUrl}: check HIVE_API_URL`, {
                cause: error,
              });
            }
            throw error;
          }
        });
      }
      for (const { account, queue } of app.accounts) {
        const strange = await countStrangeJobs(queue.queue, app.store.db);
        if (strange === 0) continue;
        throw new Error(
          `the queue of account ${account.label} holds ${strange} jobs that this database does not know: they belong to another database, or to this one before it was set back. Stop the workers, then run: hive-sync migrate --new-identity`,
        );
      }
      await check('readers', async () => {
        const lost = await lostReaders(app.store.db);
        const beyond = await reachBeyond(app.store.db, await readPromises(app.store.db));
        if (lost.length + beyond.length === 0) return 'all who were given the right to read have it, and no other';
        const sentences = beyond.map(
          ({ role, access, what, how, remedy }) =>
            `${role}, which was given ${promiseInWords({ access })} only, reaches ${what} ${how}: let an administrator run: ${remedy};`,
        );
        if (lost.length > 0) {
          const names = lost.map(({ role }) => role).join(', ');
          sentences.unshift(`${names} cannot read what was granted. Run: ${lost.map(mendOf).join('; ')}`);
        }
        throw new Error(sentences.join(' '));
      });
      return `BullMQ on ${app.backend.kind === 'redis' ? 'Redis' : 'PostgreSQL'}`;
    } finally {
      await app.close();
    }
  });
  return well ? 0 : 1;
}

/** @param apiAt header Date of an answer, epoch milliseconds; undefined = none. @param at when it had arrived, by PostgreSQL's clock */
function onClockOf(host: string, apiAt: number | undefined, at: number): Finding[] {
  const ahead = (apiAt ?? at) - at;
  if (Math.abs(ahead) < CLOCKS_DIFFER_MS) return [];
  const sentence = `that of ${host} is ${Math.round(Math.abs(ahead) / 1_000)} s ${ahead > 0 ? 'ahead of' : 'behind'} PostgreSQL's. Set PostgreSQL's by NTP; if it is right, tell Hive.`;
  return [{ level: 'mind', about: 'clocks', sentence }];
}
