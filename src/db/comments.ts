// COMMENT ON, carried from the code into the database. Migrations come in steps, comments do not: whatever differs from
// migrations/comments.json is set, so they cannot go out of step, whatever a migration dropped and made again.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { sql } from 'drizzle-orm';
import { calledNow, inSentence } from '../schema-names.js';
import type { Executor } from './database.js';

const commentsFile = fileURLToPath(new URL('../../migrations/comments.json', import.meta.url));

/** With the names that the schemas have here, also where a comment speaks of a table. */
const commentsHere = (): { place: string[]; comment: string }[] =>
  Object.entries(JSON.parse(readFileSync(commentsFile, 'utf8')) as Record<string, string>).map(([key, comment]) => {
    const [schema = '', ...more] = key.split('.');
    return { place: [calledNow(schema), ...more], comment: inSentence(comment) };
  });

/** The statements that are needed; nothing for what the database does not hold (yet). */
export async function pendingComments(db: Executor): Promise<string[]> {
  const wanted = commentsHere();
  const rows = await db.execute<{ statement: string }>(sql`
    with wanted as (
      select array(select jsonb_array_elements_text(w->'place')) as place, w->>'comment' as comment
      from jsonb_array_elements(${JSON.stringify(wanted)}::text::jsonb) w
    ), found as (
      select place, comment, n.oid as schema, n.nspowner as schema_owner, c.oid as relation, c.relkind = 'v' as is_view, a.attnum as nth
      from wanted
      join pg_namespace n on n.nspname = place[1]
      left join pg_class c on c.relnamespace = n.oid and c.relname = place[2] and c.relkind in ('r', 'p', 'v')
      left join pg_attribute a on a.attrelid = c.oid and a.attname = place[3] and not a.attisdropped
    )
    select case cardinality(place)
        when 1 then format('comment on schema %I is %L', place[1], comment)
        when 2 then format('comment on %s %I.%I is %L', case when is_view then 'view' else 'table' end,
          place[1], place[2], comment)
        else format('comment on column %I.%I.%I is %L', place[1], place[2], place[3], comment) end as statement
    from found
    where case cardinality(place)
        -- That of a schema is its owner's, who may be somebody else.
        when 1 then obj_description(schema, 'pg_namespace') is distinct from comment and pg_has_role(schema_owner, 'usage')
        when 2 then relation is not null and obj_description(relation, 'pg_class') is distinct from comment
        else nth is not null and col_description(relation, nth) is distinct from comment end
    order by place`);
  return rows.map(({ statement }) => statement);
}

export async function setComments(db: Executor, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await db.execute(sql.raw(statement));
}
