// The house stays as it was built: imports run one way between the rooms, and never in a circle.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const src = path.resolve(import.meta.dirname, '../src');

/** Room → rooms that it may import from, besides itself. Files directly in src/ are rooms of their own. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  main: ['program'],
  program: ['cli', 'env-file', 'errors', 'visible'],
  cli: [
    'schema-names',
    'standstill',
    'account',
    'service-trouble',
    'addresses',
    'app',
    'closing',
    'finding',
    'self-check',
    'store',
    'server',
    'config',
    'errors',
    'log',
    'sync',
    'db',
    'queue',
    'collections',
    'simulator',
    'hive',
    'words',
    'visible',
  ],
  app: [
    'account',
    'addresses',
    'closing',
    'rounds',
    'self-check',
    'store',
    'queue',
    'sync/observer',
    'db',
    'config',
    'log',
  ],
  'self-check': ['service-trouble', 'addresses', 'queue', 'db', 'closing', 'config', 'errors', 'finding', 'log'],
  store: ['schema-names', 'addresses', 'db', 'config', 'log'],
  server: [
    'within',
    'service-trouble',
    'rounds',
    'queue',
    'sync',
    'hive',
    'db',
    'collections',
    'errors',
    'log',
    'config',
    'words',
  ],
  queue: [
    'schema-names',
    'standstill',
    'service-trouble',
    'hive/outage',
    'addresses',
    'rounds',
    'sync',
    'db',
    'closing',
    'errors',
    'finding',
    'log',
  ],
  sync: ['schema-names', 'service-trouble', 'db', 'hive', 'errors', 'log', 'words'],
  collections: ['sync/collection', 'sync/tables', 'db/columns'],
  docs: ['collections', 'views', 'db'],
  views: ['collections', 'db/columns', 'db/described', 'db/hive-schema', 'db/rollups'],
  hive: ['errors', 'within', 'words'],
  db: [
    'schema-names',
    'within',
    'standstill',
    'service-trouble',
    'addresses',
    'errors',
    'finding',
    'log',
    'hive/budget',
  ],
  simulator: [],
  config: ['schema-names', 'addresses', 'variables', 'errors'],
  addresses: [],
  'env-file': ['errors'],
  variables: ['schema-names'],
  closing: ['within', 'errors', 'log'],
  rounds: ['log'],
  log: ['visible'],
  errors: ['words'],
  'service-trouble': ['errors'],
  within: [],
  standstill: ['errors'],
  account: ['rounds', 'store', 'queue', 'sync', 'hive', 'db', 'collections', 'config', 'errors', 'log'],
  finding: [],
  'schema-names': [],
  words: [],
  visible: [],
};

/** Inside sync/: each room and each file directly in it imports only from those that stand before it. */
const orderInSync = [
  'collection',
  'observer',
  'context',
  'verdict',
  'tables',
  'records',
  'runs',
  'webhooks',
  'reading',
  'letters',
  'heal',
];

const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.replaceAll(path.sep, '/').replace(/\.ts$/, ''));

const roomOf = (file: string): string => file.split('/')[0] ?? file;

/** Relative imports of a file, as paths below src/ without ending; those of types too unless `onlyValues`. */
function importsOf(file: string, { onlyValues = false } = {}): string[] {
  const text = readFileSync(`${src}/${file}.ts`, 'utf8');
  return [...text.matchAll(/(import|export)( type)?[^'";]*?(?:from |\()?'(\.[^']+)\.js'/g)]
    .filter(([, , type]) => !onlyValues || type === undefined)
    .map(([, , , target]) => path.posix.join(path.posix.dirname(file), target ?? ''));
}

test.each(files)('%s imports only what its room may', (file) => {
  const room = roomOf(file);
  const allowed = mayImport[room];
  expect(allowed, `room ${room} is in the table`).toBeDefined();
  const wrong = importsOf(file).filter(
    (target) =>
      roomOf(target) !== room && !allowed?.some((place) => target === place || target.startsWith(`${place}/`)),
  );
  expect(wrong).toEqual([]);
});

test.each(files.filter((file) => roomOf(file) === 'sync'))('%s imports only what stands before it in sync/', (file) => {
  const placeOf = (target: string): number => orderInSync.indexOf(target.split('/')[1] ?? '');
  expect(placeOf(file), 'it has a place in the order').not.toBe(-1);
  const wrong = importsOf(file).filter((target) => roomOf(target) === 'sync' && placeOf(target) > placeOf(file));
  expect(wrong).toEqual([]);
});

test('only the queue imports bullmq, only the program touches process', () => {
  const withBullmq = files.filter((file) => /from 'bullmq'/.test(readFileSync(`${src}/${file}.ts`, 'utf8')));
  expect(withBullmq.filter((file) => roomOf(file) !== 'queue')).toEqual([]);
  const withExit = files.filter((file) =>
    /\bprocess\.(exit|argv|env\.|stdout|stderr|on\()/.test(readFileSync(`${src}/${file}.ts`, 'utf8')),
  );
  expect(withExit.filter((file) => !['main', 'program'].includes(file) && !file.startsWith('db/embedded/'))).toEqual(
    [],
  );
});

test('what goes to a terminal goes through one place: only those write to a stream that make texts visible, or have none', () => {
  const isOutput = (file: string) =>
    /\b(stdout|stderr|stream)\.write\(/.test(readFileSync(`${src}/${file}.ts`, 'utf8')) &&
    !file.startsWith('db/connection/');
  const isSafe = (file: string) => readFileSync(`${src}/${file}.ts`, 'utf8').includes('write(visible(');
  // Before anything is loaded; names of our tables and numbers.
  const harmless = ['main', 'cli/row-progress'];
  expect(files.filter((file) => isOutput(file) && !isSafe(file) && !harmless.includes(file))).toEqual([]);
});

test('no file imports itself by a detour', () => {
  const graph = new Map(files.map((file) => [file, importsOf(file, { onlyValues: true })]));
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (file: string, trail: readonly string[]): void => {
    if (trail.includes(file)) circles.push([...trail.slice(trail.indexOf(file)), file].join(' → '));
    if (trail.includes(file) || done.has(file)) return;
    for (const target of graph.get(file) ?? []) visit(target, [...trail, file]);
    done.add(file);
  };
  for (const file of files) visit(file, []);
  expect(circles).toEqual([]);
});

test('every property test takes fast-check from the place that fixes its seed', () => {
  const tests = path.resolve(import.meta.dirname);
  const own = readdirSync(tests, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && file !== path.join('support', 'property.ts'))
    .filter((file) => readFileSync(path.join(tests, file), 'utf8').includes("from 'fast-" + "check'"));
  expect(own).toEqual([]);
});
