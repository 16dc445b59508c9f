// BullMQ's functions name nothing with its schema: they find it by the search_path of whoever calls them. Each gets its own,
// in which nobody else can put a function that is called like one of theirs or like a built-in one.
import type pg from 'pg';
import { pathWith } from '../db/connection/session.js';
import { literal, quoted, schemas } from '../schema-names.js';

/** BullMQ's own lock for bringing its tables in step: an older release of it may be at work there. */
const LOCK = 0x42554c4c;

/**
 * After each of BullMQ's migrations, as those make functions anew. Functions that belong to others are left as they are.
 * @param client one session
 */
export async function pinFunctions(client: Pick<pg.Client, 'query'>): Promise<void> {
  const path = pathWith(quoted(schemas.queue));
  const schema = literal(schemas.queue);
  await client.query(`do $do$
    declare one regprocedure;
    begin
      perform pg_advisory_xact_lock(${LOCK}, hashtext(${schema}));
      for one in
        select p.oid from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where n.nspname = ${schema} and pg_has_role(p.proowner, 'usage')
          and not coalesce('search_path=' || quote_ident(${schema}) || ', pg_temp' = any(p.proconfig), false)
      loop
        execute format('alter routine %s set search_path = %s', one, ${literal(path)});
      end loop;
    end $do$`);
}
