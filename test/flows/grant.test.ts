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

test('what else a change means is said, what does not hold is refused with 1, and doctor names what came to be later', async () => {
  const stage = await openStage({ sizes: {} });
  const word = randomBytes(5).toString('hex');
  const [group, member, intern] = ['group', 'member', 'intern'].map((name) => `hive_sync_test_${name}_${word}`) as [
    string,
    string,
    string,
  ];
  const ask = (statement: string) => stage.inDatabase(({ db }) => db.execute(sql.raw(statement)));
  try {
    for (const name of [group, member, intern]) await ask(`create role ${name} login`);
    await ask(`grant ${group} to ${member}`);
    const whole = await stage.run('grant', group);
    expect(whole).toMatchObject({ code: 0, stderr: '' });
    expect(whole.stdout).toContain(`Its members can do the same:\n  ${member}\n`);
    expect((await stage.run('grant', intern, '--mask-personal-data')).code).toBe(0);
    expect((await stage.run('doctor')).stdout).toContain(
      '✓ readers: all who were given the right to read have it, and no other',
    );

    await ask(`grant ${group} to ${intern}`);
    const revoked = await stage.run('grant', intern, '--revoke');
    expect(revoked).toMatchObject({ code: 1, stdout: '' });
    expect(revoked.stderr).toContain(`would still reach schema hive as a member of "${group}"`);
    expect(revoked.stderr).toContain(`revoke ${group} from "${intern}"`);
    const doctor = await stage.run('doctor');
    expect(doctor.code).toBe(1);
    expect(doctor.stdout).toContain(
      `✗ readers: ${intern}, which was given masked data only, reaches schema hive as a member of "${group}"`,
    );
    const other = await stage.run('grant', group);
    expect(other.code).toBe(0);
    expect(other.stdout).toContain(`Not of this change, but not as it was granted:\n  ${intern} reaches schema hive`);

    await ask(`revoke ${group} from ${intern}`);
    await ask(`grant create on schema hive to ${intern}`);
    expect((await stage.run('doctor')).stdout).toContain(
      'reaches the right to create in schema hive by a right of its own',
    );
    expect((await stage.run('grant', intern, '--revoke')).code).toBe(0);
    const none = await stage.run('grant', group, '--revoke');
    expect(none).toMatchObject({ code: 0, stderr: '' });
    expect(none.stdout).toContain(`Nor can its members:\n  ${member}\n`);
  } finally {
    for (const name of [group, member, intern]) {
      await ask(`drop owned by ${name}`);
      await ask(`drop role ${name}`);
    }
    await stage.simulator.close();
  }
});
