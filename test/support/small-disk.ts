// A disk that can be filled and emptied: a tmpfs of its own, where this machine lets us mount one (Linux, as root).
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface SmallDisk {
  readonly folder: string;
  /** Leaves not a byte. */
  fill(): void;
  empty(): void;
  close(): void;
}

/** Not every machine lets us: only root may, and not in every container. */
export function canMountDisks(): boolean {
  try {
    openSmallDisk(1).close();
    return true;
  } catch {
    return false;
  }
}

export function openSmallDisk(megabytes: number): SmallDisk {
  const folder = mkdtempSync(path.join(tmpdir(), 'hive-sync-disk-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=755`, 'tmpfs', folder], { stdio: 'ignore' });
  } catch (error) {
    rmdirSync(folder);
    throw error;
  }
  const ballast = path.join(folder, 'ballast');
  return {
    folder,
    fill() {
      for (let nth = 0; ; nth += 1) {
        const { bavail, bsize } = statfsSync(folder);
        if (bavail === 0) return;
        try {
          writeFileSync(`${ballast}-${nth}`, Buffer.alloc(Math.min(bavail * bsize, 2 ** 24)));
        } catch {
          // Somebody else took the last bytes: look again.
        }
      }
    },
    empty() {
      execFileSync('sh', ['-c', `rm -f ${ballast}-*`]);
    },
    close() {
      execFileSync('umount', ['--lazy', folder]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
