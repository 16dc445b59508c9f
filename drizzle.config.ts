import { defineConfig } from 'drizzle-kit';

export default defineConfig({
  dialect: 'postgresql',
  schema: [
    './src/db/machinery/index.ts',
    './src/db/rollups/*.ts',
    './src/db/hive-schema.ts',
    './src/db/status-changes.ts',
    './src/collections/*.ts',
    './src/views/*.ts',
  ],
  out: process.env.MIGRATIONS_FOLDER ?? './migrations',
  schemaFilter: ['hive', 'sync'],
});
