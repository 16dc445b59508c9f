// A database whose clock can be moved on, so that a test passes a pause of an hour without waiting. PostgreSQL's clock
// is the only one that the product compares instants by; in such a database others stand in the place of its built-in
// functions, whatever search_path says, and the defaults of columns use them. Nothing of the product knows.
import postgres from 'postgres';

export interface MovableClock {
  /** The database's clock as everything in it sees it, epoch milliseconds. For a simulator's `now`. */
  now(): number;
  /** Moves it on for everybody at once, under way or not. Never back. */
  advance(ms: number): Promise<void>;
  close(): Promise<void>;
}

/** @param url of a migrated database of a superuser's, before anything else connects to it */
export async function installMovableClock(url: string): Promise<MovableClock> {
  const own = postgres(url, { max: 1, onnotice: () => {} });
  let aheadMs = 0;
  await own.unsafe(`
    create schema moved;
    create table moved.ahead (by interval not null);
    insert into moved.ahead values ('0');
    alter function pg_catalog.clock_timestamp() rename to machine_clock_timestamp;
    alter function pg_catalog.now() rename to machine_now;
    create function pg_catalog.clock_timestamp() returns timestamptz language sql volatile as
      'select pg_catalog.machine_clock_timestamp() + (select by from moved.ahead)';
    create function pg_catalog.now() returns timestamptz language sql stable as
      'select pg_catalog.machine_now() + (select by from moved.ahead)';
    do $$
    declare stamp record;
    begin
      for stamp in select a.attrelid::regclass as place, a.attname as name
        from pg_attrdef d join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
        join pg_class c on c.oid = d.adrelid
        where pg_get_expr(d.adbin, d.adrelid) ~ '^machine_(now|clock_timestamp)\\(\\)$'
          and c.relnamespace in ('sync'::regnamespace, 'hive'::regnamespace)
      loop
        execute format('alter table %s alter column %I set default now()', stamp.place, stamp.name);
      end loop;
    end $$`);
  return {
    now: () => Date.now() + aheadMs,
    async advance(ms) {
      await own`update moved.ahead set by = by + make_interval(secs => ${ms / 1_000})`;
      aheadMs += ms;
    },
    close: () => own.end(),
  };
}
