// Is a server what target_session_attrs asks for? Asked anew for each connection, as the primary may have changed. Behind a
// pooler the session may not have our search_path: everything is named with its schema.
// Source: PostgreSQL documentation, "Parameter Key Words" (libpq, 34.1.2), target_session_attrs.
import postgres from 'postgres';
import type { SessionKind } from '../../addresses/postgres.js';

/** @param options of a connection to that server alone (probeOptions). @throws what keeps it from being asked */
export async function matchesSession(
  options: postgres.Options<Record<string, never>>,
  kind: SessionKind,
): Promise<boolean> {
  const client = postgres({
    ...options,
    max: 1,
    fetch_types: false,
    onnotice: () => {},
  });
  try {
    const [server] = await client<{ standby: boolean; readonly: boolean }[]>`
      select pg_catalog.pg_is_in_recovery() as standby,
        pg_catalog.current_setting('transaction_read_only') operator(pg_catalog.=) 'on' as readonly`;
    if (server === undefined) return false;
    if (kind === 'read-write') return !server.readonly;
    if (kind === 'read-only') return server.readonly;
    return kind === 'primary' ? !server.standby : server.standby;
  } finally {
    await client.end({ timeout: 1 });
  }
}
