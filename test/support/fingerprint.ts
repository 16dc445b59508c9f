// Where each row lies and when it was written, for all tables of schema hive: equal when nothing was written between.
import { sql } from 'drizzle-orm';
import { openDatabase } from '../../src/db/database.js';

export async function fingerprint(url: string): Promise<unknown> {
  const database = await openDatabase(url, { connections: 1 });
  try {
    const tables = await database.db.execute<{ name: string }>(
      sql`select table_name as name from information_schema.tables where table_schema = 'hive' and table_type = 'BASE TABLE' order by 1`,
    );
    const places: unknown[] = [];
    for (const { name } of tables) {
      const [row] = await database.db.execute(sql`
        select ${name} as name, count(*) as rows, md5(string_agg(ctid::text || xmin::text, ',' order by ctid)) as places
        from hive.${sql.identifier(name)}`);
      places.push(row);
    }
    return places;
  } finally {
    await database.close();
  }
}
