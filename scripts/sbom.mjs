// What a release brings, in the form of CycloneDX: npm's own command over what is installed with hive-sync.
//   node scripts/sbom.mjs > hive-sync.cdx.json
// Not `npm sbom --omit dev` in this folder: it leaves out what a tool of the workshop needs, too (zod).
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

const root = new URL('../', import.meta.url);
const read = (file) => JSON.parse(readFileSync(new URL(file, root), 'utf8'));
const { devDependencies: _, scripts: __, ...own } = read('package.json');
const lock = read('package-lock.json');
const packages = Object.fromEntries(Object.entries(lock.packages).filter(([, { dev }]) => dev !== true));
const { devDependencies: ___, ...top } = packages[''];

const above = mkdtempSync(path.join(tmpdir(), 'hive-sync-sbom-'));
try {
  // npm names the product after its folder.
  const folder = path.join(above, own.name);
  mkdirSync(folder);
  const write = (file, value) => writeFileSync(path.join(folder, file), JSON.stringify(value));
  write('package.json', own);
  write('package-lock.json', { ...lock, packages: { ...packages, '': top } });
  process.stdout.write(
    execFileSync('npm', ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'], {
      cwd: folder,
      maxBuffer: 2 ** 26,
    }),
  );
} finally {
  rmSync(above, { recursive: true });
}
