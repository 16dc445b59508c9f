// Other programs that use the embedded PostgreSQL: compiled from the sources of now, since Node 20 runs no TypeScript.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

const compiled = resolve(`node_modules/.cache/hive-sync-embedded-${process.pid}`);

export function compileSources(): void {
  mkdirSync(compiled, { recursive: true });
  writeFileSync(join(compiled, 'package.json'), '{ "type": "module" }');
  const flags = '--ignoreConfig --outDir OUT --rootDir src --module nodenext --target es2023 --types node';
  const args = flags.replace('OUT', compiled).split(' ');
  execFileSync('node_modules/.bin/tsc', ['src/db/embedded/index.ts', '--strict', '--skipLibCheck', ...args]);
}

export function removeCompiled(): void {
  rmSync(compiled, { recursive: true, force: true });
}

export interface User {
  child: ChildProcess;
  url: string;
  adopted: boolean;
}

const PROGRAM = `
const { openEmbeddedPostgres } = await import(process.argv[1]);
const options = JSON.parse(process.argv[2]);
const keep = setInterval(() => {}, 1000);
try {
  const { url, adopted, close } = await openEmbeddedPostgres(options);
  console.log(JSON.stringify({ url, adopted }));
  if (options.thenReturn) clearInterval(keep);
  else process.stdin.once('data', () => close().then(() => process.exit(0)));
} catch (error) {
  console.log(JSON.stringify({ error: error.name + ': ' + error.message }));
  process.exit(1);
}
`;

/** Starts a program that opens the database of `home` and holds it until it is told or killed. */
export async function startUser(
  home: string,
  as: { uid?: number; gid?: number; thenReturn?: boolean } = {},
): Promise<User> {
  const { thenReturn = false, ...account } = as;
  const options = JSON.stringify({ home, durable: false, thenReturn });
  const entry = pathToFileURL(join(compiled, 'db/embedded/index.js')).href;
  const child = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, entry, options], {
    ...account,
    cwd: '/',
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const answer = await new Promise<string>((done, fail) => {
    let text = '';
    child.stdout?.on('data', (chunk) => {
      text += String(chunk);
      if (text.includes('\n')) done(text);
    });
    child.once('exit', (code) => fail(new Error(`ended with ${code} before it answered: ${text}`)));
  });
  const said = JSON.parse(answer) as { url: string; adopted: boolean; error?: string };
  if (said.error !== undefined) throw new Error(said.error);
  return { child, ...said };
}

/** Command lines of the processes that mention `text` (this one left out), zombies not counted. */
export function processesWith(text: string): { pid: number; line: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map((pid) => ({ pid: Number(pid), line: commandLine(pid) }))
    .filter(({ line }) => line.includes(text));
}

function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}

/** Resolves once the condition holds; rejects after ten seconds. */
export async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within ten seconds: ${what}`);
    await sleep(10);
  }
}
