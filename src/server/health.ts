// Is the process up (/healthz)? Is it of use (/readyz)? Open, for those who start and stop processes, and therefore
// without a word about where things are.
import { sql } from 'drizzle-orm';
import type { FastifyPluginAsync } from 'fastify';
import { pendingMigrations } from '../db/migrate.js';
import { describe, MissingPartsError, NewerSchemaError } from '../errors.js';
import type { LoopState } from '../rounds.js';
import { within } from '../within.js';
import type { ServerParts } from './parts.js';

const open = { config: { access: 'open' as const } };
const PATIENCE_MS = 2_000;
/** Everybody may ask, so many who ask at once get one answer. */
const FRESH_MS = 1_000;

export const healthRoutes =
  (parts: ServerParts): FastifyPluginAsync =>
  async (server) => {
    let last: { at: number; problems: Promise<string[]> } | undefined;
    server.get('/healthz', open, async () => ({ ok: true }));
    server.get('/readyz', open, async (_, reply) => {
      if (last === undefined || performance.now() - last.at > FRESH_MS) {
        last = { at: performance.now(), problems: findProblems(parts) };
      }
      const states = parts.rounds.states();
      const errors = [...states.filter(({ standsStill }) => standsStill).map(inWords), ...(await last.problems)];
      const loops = states.length === 0 ? {} : { loops: states.map(asAnswer) };
      return errors.length === 0 ? { ok: true, ...loops } : reply.code(503).send({ errors, ...loops });
    });
  };

const inWords = ({ loop, account, ageMs }: LoopState): string =>
  `The loop "${loop}"${account === undefined ? '' : ` of account ${account}`} has not got round for ${Math.round(ageMs / 1_000)} s.`;

const asAnswer = ({ loop, account, ageMs }: LoopState) => ({
  loop,
  ...(account === undefined ? {} : { account }),
  secondsAgo: Math.round(ageMs / 1_000),
});

/** Names of tables are for the log. */
function onSchema(error: unknown): string | undefined {
  if (error instanceof NewerSchemaError) return describe(error);
  return error instanceof MissingPartsError ? 'The schema lacks parts of it. Run: hive-sync doctor' : undefined;
}

async function findProblems({ store, accounts, log }: ServerParts): Promise<string[]> {
  const check = async (sentence: string, look: () => Promise<string | undefined>): Promise<string[]> => {
    try {
      return [await within(PATIENCE_MS, look())].filter((problem) => problem !== undefined);
    } catch (error) {
      const told = onSchema(error) ?? sentence;
      log.warn({ problem: describe(error) }, `not ready: ${told}`);
      return [told];
    }
  };
  const problems = await Promise.all([
    check('The database does not answer.', async () => {
      await store.db.execute(sql`select 1`);
      const pending = (await pendingMigrations(store)).length;
      return pending === 0
        ? undefined
        : `The schema lacks ${pending} migration${pending === 1 ? '' : 's'} of this release. Run: hive-sync migrate`;
    }),
    ...accounts.map(({ account, queue }) =>
      check(`The queue of account ${account.label} does not answer.`, async () => {
        await queue.queue.getJobCounts();
        return undefined;
      }),
    ),
  ]);
  return problems.flat();
}
