// The PostgreSQL schema that analysts read.
import { pgSchema } from 'drizzle-orm/pg-core';

export const hive = pgSchema('hive');
