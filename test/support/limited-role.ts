// A role that is no superuser and may have few connections, as hosting companies give them.
import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { inject, onTestFinished } from 'vitest';

/** @returns the address of the same database for a role of its own, which owns the database and so all that is in it */
export async function createRole(url: string, { limit }: { readonly limit: number }) {
  const database = new URL(url).pathname.slice(1);
  const name = `hive_sync_test_${randomBytes(6).toString('hex')}`;
  const own = postgres(url, { max: 1, onnotice: () => {} });
  await own.unsafe(`create role ${name} login password 'a-password' connection limit ${limit}`);
  await own.unsafe(`alter database ${database} owner to ${name}`);
  for (const schema of ['hive', 'sync', 'bullmq']) {
    const [there] = await own`select from pg_namespace where nspname = ${schema}`;
    if (there === undefined) continue;
    await own.unsafe(`alter schema ${schema} owner to ${name}`);
    await own.unsafe(`
      do $$ declare r record; begin
        for r in select c.oid::regclass as it, c.relkind from pg_class c join pg_namespace n on n.oid = c.relnamespace
          where n.nspname = '${schema}' and c.relkind in ('r', 'p', 'v', 'S') and not exists (
            select from pg_depend d where d.objid = c.oid and d.deptype in ('a', 'i') and c.relkind = 'S') loop
          execute format('alter %s %s owner to ${name}',
            case r.relkind when 'v' then 'view' when 'S' then 'sequence' else 'table' end, r.it);
        end loop;
        for r in select p.oid::regprocedure as it from pg_proc p join pg_namespace n on n.oid = p.pronamespace
          where n.nspname = '${schema}' loop
          execute format('alter function %s owner to ${name}', r.it);
        end loop; end $$`);
  }
  await own.end();
  onTestFinished(async () => {
    const last = postgres(url, { max: 1, onnotice: () => {} });
    await last.unsafe(`alter database ${database} owner to current_user`);
    await last.unsafe(`reassign owned by ${name} to current_user`);
    await last.unsafe(`drop owned by ${name}`);
    await last.unsafe(`drop role ${name}`);
    await last.end();
  });
  /** Sets the limit anew. */
  const setLimit = async (connections: number): Promise<void> => {
    const maintenance = postgres(inject('server'), { max: 1, onnotice: () => {} });
    await maintenance.unsafe(`alter role ${name} connection limit ${connections}`);
    await maintenance.end();
  };
  return { name, setLimit, url: Object.assign(new URL(url), { username: name, password: 'a-password' }).href };
}
