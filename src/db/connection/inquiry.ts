// A connection is silent: is the server at work for it, or has the connection died without a word? A statement may take
// an hour, so no time alone tells. Asked is the server, on a connection of its own; one at a time for each server.
import postgres from 'postgres';
import { hasCode, isFromPostgres } from '../../service-trouble.js';
import { standstill } from '../../standstill.js';
import { type Holder, holdersInWords, holdersOf } from '../locks/holders.js';

/** What is known of a connection on which an answer is due. */
export interface Silent {
  /** The server's process, by its own word. */
  readonly process: number;
  readonly silentMs: number;
}

/**
 * - working: it has a statement in hand
 * - gone: it has none, or is not there; an end of the connection that was left over there has been ended
 * - away: the server does not answer on a new connection either
 * - unknown: it answers, and does not tell
 */
export type Answer = 'working' | 'gone' | 'away' | 'unknown';

export interface Inquiry {
  ask(silent: Silent): Promise<Answer>;
  /** When a connection to this server was last found dead, as performance.now() tells it: others of before may be, too. */
  lostAt: number;
}

/** For the whole of it, milliseconds. */
const PATIENCE_MS = 5_000;
/** What has ended its work so shortly ago may still be answering. */
const JUST_NOW_S = 2;
/** A statement is as old as the silence about it, less what clocks and ways take. */
const MARGIN_S = 5;

interface Asked extends Silent {
  answer(answer: Answer): void;
}

/** A connection to the same server. */
export interface Way {
  readonly options: postgres.Options<Record<string, never>>;
  /** Statements before all others of a transaction, as its session has none of our settings; '' = it has them. */
  readonly opening: string;
  /** The server's process, by its own word when it was connected to. */
  process(): number | undefined;
}

/** @param name how the names of our connections begin. @param way is asked for each connection anew */
export function openInquiry(name: string, way: () => Way): Inquiry {
  let waiting: Asked[] = [];
  let isAsking = false;
  const askForAll = async (): Promise<void> => {
    isAsking = true;
    while (waiting.length > 0) {
      const asked = waiting;
      waiting = [];
      await askFor(asked, name, way());
    }
    isAsking = false;
  };
  return {
    lostAt: Number.NEGATIVE_INFINITY,
    ask: (silent) =>
      new Promise((answer) => {
        waiting.push({ ...silent, answer });
        if (!isAsking) void askForAll();
      }),
  };
}

async function askFor(asked: readonly Asked[], name: string, { options, opening, process }: Way): Promise<void> {
  const client = postgres({
    ...options,
    max: 1,
    fetch_types: false,
    connect_timeout: PATIENCE_MS / 1_000,
    onnotice: () => {},
  });
  const late = setTimeout(() => void client.end({ timeout: 0 }), PATIENCE_MS);
  try {
    const ask = (session: postgres.ISql) => look(session, asked, name, process);
    const opened = (tx: postgres.TransactionSql) => tx.unsafe(opening).then(() => ask(tx));
    await (opening === '' ? ask(client) : client.begin(opened));
  } catch (error) {
    // With a code of its own the server has answered, such as "too many clients".
    const hasAnswered = isFromPostgres(error) && !hasCode(error, (code) => /^(08|57)/.test(code));
    const answer = hasAnswered ? 'unknown' : 'away';
    for (const one of asked) one.answer(answer);
  } finally {
    clearTimeout(late);
    await client.end({ timeout: 0 });
  }
}

async function look(
  client: postgres.ISql,
  asked: readonly Asked[],
  name: string,
  own: () => number | undefined,
): Promise<void> {
  const [self] = await client<{ pid: number }[]>`select pg_backend_pid() as pid`;
  // A pooler in between gives its connections numbers of its own. Then it is looked for a statement as old as the silence.
  const isPooled = self?.pid !== own();
  const pids = `{${asked.map(({ process }) => process).join()}}`;
  const silences = `{${asked.map(({ silentMs }) => silentMs / 1_000).join()}}`;
  const rows = await client<{ pid: number; tells: boolean; working: boolean; lately: boolean }[]>`
    with ours as (
      select pid, application_name, state, clock_timestamp() - state_change as since, clock_timestamp() - query_start as age,
        state <> 'disabled' as tells,
        state = 'active' and wait_event_type is distinct from 'Client' as working
      from pg_stat_activity
      where usename = session_user and datname = current_database() and pid <> pg_backend_pid()
    )
    select asked.pid,
      coalesce(bool_and(ours.tells), true) as tells,
      coalesce(bool_or(ours.working and (not ${isPooled}::boolean
        or ours.age > make_interval(secs => asked.silence - ${MARGIN_S}::int))), false) as working,
      coalesce(bool_or(ours.since < make_interval(secs => ${JUST_NOW_S}::int) and not ${isPooled}::boolean), false) as lately
    from unnest(${pids}::int[], ${silences}::float8[]) as asked (pid, silence)
      left join ours on ours.pid = asked.pid or ${isPooled}::boolean
    group by asked.pid`;
  const found = rows.map(({ pid, tells, working, lately }) => ({
    pid,
    answer: working ? ('working' as const) : !tells || lately ? ('unknown' as const) : ('gone' as const),
  }));
  const gone = found.filter(({ answer }) => answer === 'gone').map(({ pid }) => pid);
  if (gone.length > 0 && !isPooled) await endLeftOver(client, name, gone);
  for (const { pid, answer } of found) for (const one of asked) if (one.process === pid) one.answer(answer);
  if (isPooled) return;
  const working = found.filter(({ answer }) => answer === 'working').map(({ pid }) => pid);
  // What is not allowed to be seen changes no answer.
  await tellHolders(client, working).catch(() => {});
}

/** A statement that is in hand for so long may wait for somebody. */
async function tellHolders(client: postgres.ISql, pids: readonly number[]): Promise<void> {
  if (pids.length === 0) return;
  const holders = holdersInWords(await client.unsafe<Holder[]>(holdersOf(pids)));
  if (holders !== undefined) standstill(`PostgreSQL keeps a statement waiting for a lock that is held by ${holders}.`);
}

/** The server may take the other end for alive for hours, with its locks. Where that is not allowed, they last so long. */
async function endLeftOver(client: postgres.ISql, name: string, pids: readonly number[]): Promise<void> {
  await client`
    select pg_terminate_backend(pid) from pg_stat_activity
    where pid = any(${`{${pids.join()}}`}::int[]) and usename = session_user and datname = current_database()
      and starts_with(application_name, ${name}) and (state <> 'active' or wait_event_type = 'Client')`.catch(() => {});
}
