import { defineConfig } from 'drizzle-kit';

export default defineConfig({
  dialect: 'postgresql',
  schema: ['./src/db/machinery.ts', './src/sync/collection.ts', './src/collections/*.ts'],
  out: process.env.MIGRATIONS_FOLDER ?? './migrations',
  schemaFilter: ['hive', 'sync'],
});
