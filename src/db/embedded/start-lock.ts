// One process at a time prepares or joins the server. The rule: a lock whose owner is dead is taken over, by exactly one.
import { createHash, randomBytes } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { EmbeddedPostgresError } from './error.js';
import { isAlive, startTime } from './processes.js';

const WAIT_MS = 180_000;

/** Runs `work` while this process holds `file`. Waits up to three minutes for a living owner, then rejects. */
export async function withStartLock<T>(file: string, work: () => Promise<T>): Promise<T> {
  const mine = `${process.pid} ${startTime(process.pid)} ${randomBytes(6).toString('hex')}`;
  const deadline = performance.now() + WAIT_MS;
  while (!createWith(file, mine)) {
    const owner = read(file);
    if (owner !== undefined && ownerIsDead(owner)) removeDead(file, owner);
    else if (performance.now() < deadline) await sleep(20);
    else {
      throw new EmbeddedPostgresError(
        `Process ${owner?.split(' ')[0] ?? '?'} has been starting the embedded PostgreSQL for three minutes.`,
        `End that process; if there is none, delete ${file}*.`,
      );
    }
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

/** Creates the file together with its content, so that nobody ever reads a half-written lock. */
function createWith(file: string, content: string): boolean {
  const draft = `${file}.${content.split(' ')[2] ?? ''}`;
  writeFileSync(draft, content, { flag: 'wx' });
  try {
    linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * Two processes may see the same dead owner; if both simply deleted the file, the slower one would delete the lock the
 * faster one has meanwhile created. So whoever creates the claim for this very owner deletes, and nobody else.
 */
function removeDead(file: string, owner: string): void {
  const claim = `${file}.claim-${createHash('sha256').update(owner).digest('hex').slice(0, 12)}`;
  try {
    writeFileSync(claim, '', { flag: 'wx' });
  } catch {
    return;
  }
  try {
    if (read(file) === owner) rmSync(file, { force: true });
  } finally {
    rmSync(claim, { force: true });
  }
}

function ownerIsDead(owner: string): boolean {
  const [pid, started] = owner.split(' ');
  return !isAlive(Number(pid), started);
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}
