// Deliveries whose place in time nobody can tell: the record is asked for, once for all of its deliveries, and a read
// that began after they were received settles them.
import { sql } from 'drizzle-orm';
import type { Executor } from '../../db/database.js';
import type { Run } from '../../db/ledger.js';
import type { Provenance, StorableRecord } from '../../db/stored-record.js';
import { lockStoredRows, markSeen } from '../../db/stored-states.js';
import {
  deliveriesTouching,
  raiseDoubts,
  recordsInDoubt,
  roomForDoubts,
  settleDoubts,
} from '../../db/webhook-doubts.js';
import { ConflictError } from '../../errors.js';
import { ownName } from '../../schema-names.js';
import type { Collection } from '../collection.js';
import type { SyncContext } from '../context.js';
import { compareVersions } from '../records/version-order.js';
import { startFiled } from '../runs/start-filed.js';
import { fileLookups } from '../runs/start-run.js';

/** Records of one run, whatever the budget allows. */
const MOST_AT_ONCE = 500;
/** While a run asks for records in doubt, new ones gather for the next. So long at most: its last request may hang. */
const GATHER_S = 30;

/**
 * What an answer (a page or a single record) says about deliveries, in the transaction that has just stored it: doubts
 * from before its request are settled. A row that a delivery brought while it was under way stays, and is in doubt when
 * the answer shows something else.
 * @param locked ids whose rows the transaction has locked for certain. Those that are needed and missing are added, so
 * that the transaction can be run again with them
 * @returns whether something is in doubt now
 * @throws ConflictError when rows are needed that were not locked together with the others, in the order of ids
 */
export async function weighAnswer(
  tx: Executor,
  collection: Collection,
  records: readonly StorableRecord[],
  { account, requestedAt, source }: Provenance,
  locked: Set<number>,
): Promise<boolean> {
  const ids = records.map(({ id }) => id);
  const touching = await deliveriesTouching(tx, { account, collection: collection.name, ids, requestedAt });
  if (touching.length === 0) return false;
  const about = [...new Set(touching.map(({ record_id }) => record_id))];
  const unlocked = about.filter((id) => !locked.has(id));
  if (unlocked.length > 0) {
    for (const id of unlocked) locked.add(id);
    throw new ConflictError('webhooks came for records of this answer');
  }
  const stored = await lockStoredRows(tx, collection, account, about);
  const answered = new Map(records.map((record) => [record.id, record]));
  const same = about.filter((id) => stored.get(id)?.hash === answered.get(id)?.hash);
  await markSeen(tx, collection, { account, source, at: requestedAt }, same);
  if (touching.some(({ outcome }) => outcome === 'in_doubt')) {
    await settleDoubts(tx, { account, collection: collection.name, ids: about, requestedAt }, 'fetched');
  }
  const doubtful = touching.filter(
    ({ record_id: id, outcome, is_recent }) =>
      is_recent &&
      (outcome === 'applied' || outcome === 'unchanged') &&
      !same.includes(id) &&
      compareVersions(collection, answered.get(id)?.raw, stored.get(id)?.raw) !== 'older',
  );
  if (doubtful.length === 0) return false;
  await raiseDoubts(
    tx,
    doubtful.map(({ id }) => id),
  );
  return true;
}

/** Starts a run that asks for all records in doubt, unless one is asking already or the key is refused. */
export async function askAboutDoubts(context: SyncContext): Promise<void> {
  const { account } = context;
  const run = await startFiled(context, async (tx): Promise<Run | undefined> => {
    if (!(await canAsk(tx, account))) return undefined;
    const byCollection = new Map<string, number[]>();
    const room = Math.min(MOST_AT_ONCE, await roomForDoubts(tx, account, context.webhookShare));
    if (room <= 0) return undefined;
    for (const { collection, id } of await recordsInDoubt(tx, account, room)) {
      byCollection.set(collection, [...(byCollection.get(collection) ?? []), id]);
    }
    if (byCollection.size === 0) return undefined;
    const wanted = [...byCollection].map(([collection, ids]) => ({ collection, ids }));
    return fileLookups(tx, context, { mode: 'refresh', trigger: 'webhook', wanted });
  });
  if (run === undefined) return;
  context.log.debug({ run: run.id }, 'records are asked for: nobody can tell how old their webhooks are');
}

/** One process at a time. */
async function canAsk(tx: Executor, account: string): Promise<boolean> {
  const [row] = await tx.execute<{ can: boolean }>(sql`
    select pg_try_advisory_xact_lock(hashtextextended(${ownName(`hive-sync doubts ${account}`)}, 0))
      and not exists (select from sync.runs where account = ${account} and state = 'running' and trigger = 'webhook'
        and started_at > now() - make_interval(secs => ${GATHER_S}))
      and not exists (select from sync.rate_budgets where account = ${account} and halted_at is not null) as can`);
  return row?.can === true;
}
