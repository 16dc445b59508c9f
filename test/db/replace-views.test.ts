// A migration replaces views, so that what others built on them stays.
import { expect, test } from 'vitest';
// @ts-expect-error a script without types
import { replaceViews, unexplainedDrops } from '../../scripts/replace-views.mjs';

const BREAK = '--> statement-breakpoint\n';

test('a view that drizzle-kit drops and makes again is replaced; one that goes for good is not', () => {
  const generated = [
    'DROP VIEW "hive"."a";',
    'DROP VIEW "hive"."gone";',
    'ALTER TABLE "hive"."orders" ADD COLUMN "x" text;',
    'CREATE VIEW "hive"."b" AS (select 1);',
    'CREATE VIEW "hive"."a" AS (select 2);',
  ].join(BREAK);
  expect(replaceViews(generated).split(BREAK)).toEqual([
    'DROP VIEW "hive"."gone";',
    'ALTER TABLE "hive"."orders" ADD COLUMN "x" text;',
    'CREATE VIEW "hive"."b" AS (select 1);',
    'CREATE OR REPLACE VIEW "hive"."a" AS (select 2);',
  ]);
  expect(unexplainedDrops(replaceViews(generated))).toEqual(['hive.gone']);
  expect(unexplainedDrops('-- drops hive.gone: nobody asked for it\nDROP VIEW "hive"."gone";')).toEqual([]);
});
