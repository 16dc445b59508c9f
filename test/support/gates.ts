// Gates in the database, at which a writer is held: before each of its statements that write, and before it commits.
// A test holds one writer at its nth gate, lets another run until it has ended or waits for a lock, and opens the gate.
// Nothing sleeps, so the same schedule interleaves in the same way each time.
import postgres from 'postgres';
import { until } from './until.js';

export interface Gates {
  /** Connection string of a writer: its sessions meet the gates. */
  urlOf(writer: string): string;
  /** From now on the writer is held at its nth gate, counted from 1; null = it passes all. */
  hold(writer: string, at: number | null): Promise<void>;
  /** Lets the writer go on. */
  open(writer: string): Promise<void>;
  /** Waits until the writer does not move any more: it stands at its gate, has ended, or waits for another's lock. */
  untilStill(writer: string, it: Running): Promise<'held' | 'ended' | 'waiting'>;
  close(): Promise<void>;
}

/** Tells the locks of gates from all others. */
const GATE = 47_114_711;

/** A writer under way. */
export interface Running {
  readonly ended: Promise<void>;
  hasEnded(): boolean;
  error(): unknown;
}

export function running(act: () => Promise<unknown>): Running {
  let hasEnded = false;
  let error: unknown;
  const ended = act()
    .then(
      () => undefined,
      (thrown: unknown) => {
        error = thrown;
      },
    )
    .then(() => {
      hasEnded = true;
    });
  return { ended, hasEnded: () => hasEnded, error: () => error };
}

/** @param url of a migrated database, before the writers connect to it */
export async function installGates(url: string): Promise<Gates> {
  // A session that holds locks, and one that looks.
  const keeper = postgres(url, { max: 1, onnotice: () => {} });
  const watcher = postgres(url, { max: 1, onnotice: () => {} });
  await keeper.unsafe(`
    create schema gates;
    create table gates.held (writer text primary key, at int);
    create function gates.pass() returns trigger language plpgsql as $$
    declare
      who text := coalesce(current_setting('gates.writer', true), '');
      nth bigint;
    begin
      if who = '' then return null; end if;
      if tg_when = 'AFTER' then
        -- One gate before the commit, however many rows there are.
        if current_setting('gates.committing', true) = pg_current_xact_id()::text then return null; end if;
        perform set_config('gates.committing', pg_current_xact_id()::text, true);
      end if;
      -- A sequence counts on whatever becomes of the transaction.
      nth := nextval('gates.' || who);
      if nth = (select at from gates.held where writer = who) then
        perform pg_advisory_xact_lock_shared(${GATE}, hashtext(who));
      end if;
      return null;
    end $$;
    do $$
    declare place regclass;
    begin
      for place in select c.oid from pg_class c
        where c.relkind = 'r' and c.relnamespace in ('sync'::regnamespace, 'hive'::regnamespace)
          and c.relname not like 'rate_%' and c.relname not like '%_touched'
      loop
        execute format('create trigger aa_gate before insert or update or delete on %s
          for each statement execute function gates.pass()', place);
        execute format('create constraint trigger aa_gate_of_commit after insert or update or delete on %s
          deferrable initially deferred for each row execute function gates.pass()', place);
      end loop;
      execute format('alter database %I set deadlock_timeout = ''100ms''', current_database());
    end $$`);
  const known = new Set<string>();
  return {
    urlOf(writer) {
      const own = new URL(url);
      own.searchParams.set('options', `--gates.writer=${writer}`);
      return own.href;
    },
    async hold(writer, at) {
      if (!known.has(writer)) await keeper.unsafe(`create sequence gates.${writer}`);
      known.add(writer);
      await keeper.unsafe(`alter sequence gates.${writer} restart`);
      await keeper`insert into gates.held values (${writer}, ${at}) on conflict (writer) do update set at = ${at}`;
      if (at !== null) await keeper`select pg_advisory_lock(${GATE}::int, hashtext(${writer}))`;
    },
    async open(writer) {
      await keeper`update gates.held set at = null where writer = ${writer}`;
      await keeper`select pg_advisory_unlock(${GATE}::int, hashtext(${writer}))`;
    },
    untilStill: (writer, it) =>
      until(`${writer} does not move any more`, async () => {
        if (it.hasEnded()) return 'ended';
        const [row] = await watcher<{ held: boolean; waiting: boolean }[]>`
          select coalesce(bool_or(is_gate and objid::int8 = hashtext(${writer})::int8 & 4294967295), false) as held,
            coalesce(bool_or(not is_gate), false) as waiting
          from (select l.*, locktype = 'advisory' and classid::int8 = ${GATE} and objsubid = 2 as is_gate
            from pg_locks l join pg_stat_activity a on a.pid = l.pid
            where not l.granted and a.datname = current_database()) as waits`;
        return row?.held === true ? 'held' : row?.waiting === true ? 'waiting' : undefined;
      }),
    async close() {
      await keeper.end();
      await watcher.end();
    },
  };
}
