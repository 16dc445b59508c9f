// The files that are generated from the tables' definitions, by path. `npm run docs:generate` writes them.
import { comments } from './comments.js';
import { dbtSources } from './dbt.js';
import { masks } from './masks.js';
import { reference } from './reference.js';

export const generatedFiles = (): Readonly<Record<string, string>> => ({
  'docs/reference.md': reference(),
  'docs/dbt/sources.yml': dbtSources(),
  'migrations/comments.json': `${JSON.stringify(comments, null, 2)}\n`,
  'migrations/masks.json': `${JSON.stringify(masks, null, 2)}\n`,
});
