// The embedded PostgreSQL outlives nobody: whatever is killed, the server ends with its last user and comes back whole.
import { once } from 'node:events';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { eventually, processesWith, startUser } from './embedded-child.js';
import { ask, home, isRunning, kill, open, postmasterPid, useHomes, user } from './embedded-home.js';

useHomes();

/** A process that ended by itself between the look and the kill is as good as killed. */
function killIfThere(processes: readonly { pid: number }[]): void {
  for (const { pid } of processes) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }
}

describe('sudden ends', () => {
  test('SIGKILL of the only user stops the server', async () => {
    await kill(await user());
    await eventually('the server is gone', () => !isRunning());
  });

  test('SIGKILL of one of two users leaves it running', async () => {
    const victim = await user();
    const survivor = await user();
    await kill(victim);
    expect((await open()).adopted).toBe(true);
    expect(await ask(survivor.url, 'select 1')).toBe(1);
  });

  test('a process that never calls close() can end, and the server ends with it', async () => {
    const { child } = await user({ thenReturn: true });
    if (child.exitCode === null) await once(child, 'exit');
    expect(child.exitCode).toBe(0);
    await eventually('the server is gone', () => !isRunning());
  });

  test('a Ctrl-C in the terminal reaches the user only, not its server', async () => {
    const { child, url } = await user();
    const groupOf = (pid: number) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[2];
    expect(groupOf(postmasterPid())).not.toBe(groupOf(child.pid ?? 0));
    expect(await ask(url, 'select 1')).toBe(1);
  });

  test('SIGKILL in the middle of the first start leaves nothing that a later start stumbles over', async () => {
    for (const file of ['start.lock', 'postgres/password', 'postgres/data', 'postgres/users.pipe']) {
      const starting = startUser(home).catch(() => undefined);
      await eventually(`${file} is there`, () => statSync(join(home, file), { throwIfNoEntry: false }) !== undefined);
      killIfThere(processesWith(home).filter(({ line }) => line.includes('openEmbedded')));
      // One that was too young to be found by name comes up: it is killed then.
      (await starting)?.child.kill('SIGKILL');
    }
    expect(await ask((await open()).url, 'select 1')).toBe(1);
  });

  test('after SIGKILL of the server the next open recovers the data', async () => {
    const first = await open({ durable: true });
    await ask(first.url, 'create table kept as select 42 as answer');
    process.kill(postmasterPid(), 'SIGKILL');
    const second = await open();
    expect(second.adopted).toBe(false);
    expect(await ask(second.url, 'select answer from kept')).toBe(42);
    await second.close();
    // The first user never left, so it still counts.
    expect(await ask(second.url, 'select answer from kept')).toBe(42);
  });

  test('a server whose guard was killed is replaced by a guarded one', async () => {
    const survivor = await user();
    killIfThere(processesWith(home).filter(({ line }) => line.includes('hive-sync-guard')));
    const mine = await open();
    expect(mine.adopted).toBe(false);
    await mine.close();
    expect(await ask(mine.url, 'select 1')).toBe(1);
    await kill(survivor);
    await eventually('the server is gone', () => !isRunning());
  });
});
