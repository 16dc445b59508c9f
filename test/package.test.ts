// What is published: all that runs and all that the README points to, and nothing that is only for the workshop.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string) => readFileSync(path.join(root, file), 'utf8');

function packed(): string[] {
  const json = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: root,
    encoding: 'utf8',
  });
  const [content] = JSON.parse(json) as { files: { path: string }[] }[];
  return content?.files.map((file) => file.path) ?? [];
}

test('the package holds the program, its migrations, types, and source maps that need no other file', () => {
  const files = packed();
  expect(files).toEqual(
    expect.arrayContaining(['README.md', 'LICENSE', 'dist/main.js', '.env.example', 'migrations/meta/_journal.json']),
  );
  expect(files.filter((file) => /^(src|test|bench|faults|scripts)\/|^\.env$|\.hive-sync/.test(file))).toEqual([]);
  const scripts = files.filter((file) => file.endsWith('.js'));
  expect(scripts.length).toBeGreaterThan(100);
  for (const file of scripts) {
    expect(files).toContain(file.replace(/\.js$/, '.d.ts'));
    const { sources, sourcesContent } = JSON.parse(read(`${file}.map`)) as {
      sources: string[];
      sourcesContent?: string[];
    };
    expect(sourcesContent?.length, file).toBe(sources.length);
  }
});

test('the lock names no registry, and whoever installs from one checks what comes', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as {
    packages: Record<string, { resolved?: string; integrity?: string }>;
  };
  const all = Object.entries(packages).filter(([place]) => place !== '');
  expect(all.filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
  expect(all.filter(([, { integrity }]) => integrity?.startsWith('sha512-') !== true)).toEqual([]);
});

test('a release comes with a list of all that it brings, in the form of CycloneDX', () => {
  const json = execFileSync(process.execPath, ['scripts/sbom.mjs'], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 2 ** 26,
  });
  const { bomFormat, components } = JSON.parse(json) as {
    bomFormat: string;
    components: { name: string; hashes?: { alg: string }[] }[];
  };
  expect(bomFormat).toBe('CycloneDX');
  const names = components.map(({ name }) => name);
  const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> };
  expect(names).toEqual(expect.arrayContaining(Object.keys(dependencies)));
  expect(names).not.toContain('vitest');
  expect(components.filter(({ hashes }) => hashes?.[0]?.alg !== 'SHA-512')).toEqual([]);
});

test('each link from one page to another leads to a file, and those of the README are in the package', () => {
  const files = packed();
  const pages = files.filter((file) => file.endsWith('.md'));
  expect(pages).toContain('docs/design.md');
  for (const page of pages) {
    for (const [, link = ''] of read(page).matchAll(/(?:\]\(|src="|srcset=")([^)#":\s]+)(?:#[^)"]*)?[)"]/g)) {
      const file = path.join(path.dirname(page), link);
      expect(existsSync(path.join(root, file)), `${page} → ${link}`).toBe(true);
      if (page === 'README.md')
        expect(
          files.some((one) => one.startsWith(file)),
          link,
        ).toBe(true);
    }
  }
});
