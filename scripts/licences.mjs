// The licences of everything that is installed with hive-sync, from the lock file: docs/licences.md.
//   node scripts/licences.mjs           writes it
//   node scripts/licences.mjs --check   fails when it is out of step, or a licence is none that we take
import { readFileSync, writeFileSync } from 'node:fs';

/** Licences that ask for no more than to be named; MPL-2.0 asks for changes of its own files, and we make none. */
const TAKEN = [
  'MIT',
  'ISC',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'BlueOak-1.0.0',
  'Unlicense',
  '0BSD',
  'MPL-2.0',
  'PostgreSQL',
];

const root = new URL('../', import.meta.url);
const { packages } = JSON.parse(readFileSync(new URL('package-lock.json', root), 'utf8'));
const installed = Object.entries(packages)
  .filter(([place, { dev, devOptional, peer }]) => place !== '' && !dev && !devOptional && !peer)
  .map(([place, { version, license }]) => ({
    name: place.split('node_modules/').at(-1),
    version,
    license: license ?? 'not stated',
  }))
  .sort((a, b) => (a.name < b.name ? -1 : 1));

const refused = installed.filter(
  ({ license }) => !license.split(/ (?:OR|AND) /).some((one) => TAKEN.includes(one.replace(/[()]/g, ''))),
);
const width = (key, title) => Math.max(title.length, ...installed.map((one) => one[key].length));
const [name, version, license] = [width('name', 'package'), width('version', 'version'), width('license', 'licence')];
const row = (a, b, c) => `| ${a.padEnd(name)} | ${b.padEnd(version)} | ${c.padEnd(license)} |`;
const text = [
  '# Licences',
  '',
  '<!-- Written by `node scripts/licences.mjs`. Do not edit. -->',
  '',
  `hive-sync itself is under the MIT licence. These ${installed.length} packages are installed with it, the optional ones included.`,
  '',
  row('package', 'version', 'licence'),
  row('-'.repeat(name), '-'.repeat(version), '-'.repeat(license)),
  ...installed.map((one) => row(one.name, one.version, one.license)),
  '',
].join('\n');

const file = new URL('docs/licences.md', root);
if (!process.argv.includes('--check')) writeFileSync(file, text);
else if (readFileSync(file, 'utf8') !== text)
  refused.push({ name: 'docs/licences.md', version: '', license: 'out of step: node scripts/licences.mjs' });
for (const one of refused) console.error(`${one.name} ${one.version}: ${one.license}`);
process.exitCode = refused.length > 0 ? 1 : 0;
