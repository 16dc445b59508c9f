// Promise: grant says what a role may read now and what to do next, and refuses what cannot be.
import { randomBytes } from 'node:crypto';
import { sql } from 'drizzle-orm';
import { expect, test } from 'vitest';
import { openStage } from '../support/command.js';

test('a role is made, changed to masked data and emptied again, and never shown a password', async () => {
  const stage = await openStage({ sizes: {} });
  const role = `hive_sync_test_${randomBytes(5).toString('hex')}`;
  expect((await stage.run('migrate')).code).toBe(0);
  try {
    const made = await stage.run('grant', role);
    expect(made).toMatchObject({ code: 0, stderr: '' });
    expect(made.stdout).toMatch(/can read schema hive:\n\d+ tables and \d+ views, and those to come/);
    expect(made.stdout).toContain(`\\password "${role}"`);
    const masked = await stage.run('grant', role, '--mask-personal-data');
    expect(masked).toMatchObject({ code: 0, stderr: '' });
    expect(masked.stdout).toContain('It cannot read schema hive.');
    for (const line of `${made.stdout}${masked.stdout}`.split('\n')) expect(line.length, line).toBeLessThanOrEqual(80);
    expect(await stage.run('migrate', '--check')).toMatchObject({ code: 0 });
    const none = await stage.run('grant', role, '--revoke');
    expect(none).toMatchObject({ code: 0, stderr: '' });
    expect(none.stdout).toContain('can read nothing of hive-sync any more');
  } finally {
    await stage.inDatabase(async ({ db }) => {
      await db.execute(sql.raw(`drop owned by "${role}"`));
      await db.execute(sql.raw(`drop role "${role}"`));
    });
  }
  const own = await stage.run('grant', new URL(stage.url).username || 'postgres');
  expect(own).toMatchObject({ code: 2, stdout: '' });
  expect(own.stderr).toContain('is the database user of hive-sync itself');
  const both = await stage.run('grant', role, '--revoke', '--mask-personal-data');
  expect(both).toMatchObject({ code: 2, stdout: '' });
  await stage.simulator.close();
});
