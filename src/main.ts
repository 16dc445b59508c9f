#!/usr/bin/env node
// The program: gives arguments, environment, streams and an abort signal to the CLI, and sets the exit code. Nothing
// else in src/ touches `process`.
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import dotenv from 'dotenv';
import { runCli } from './cli/cli.js';

// A sync makes much short-lived garbage beside 30 MB that stay. V8 would let the heap grow fourfold before it looks;
// this keeps the process near 160 MB instead of 250, at no cost in time.
setFlagsFromString('--heap-growing-percent=70');

const env = { ...process.env };
dotenv.config({ processEnv: env as Record<string, string>, quiet: true });

const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (stopping.signal.aborted) process.exit(130);
    stopping.abort();
  });
}
// A reader that left (`hive-sync status | head`) is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  version: string;
};
/** npm says how it was called; what it cannot know, such as `node dist/main.js`, goes by the program's name. */
function calledAs({ npm_lifecycle_event: script, npm_package_name: project }: NodeJS.ProcessEnv): string {
  if (script === undefined) return 'hive-sync';
  return script !== 'npx' && project === 'hive-sync' ? 'npm run hive-sync --' : 'npx hive-sync';
}

process.exitCode = await runCli({
  argv: process.argv.slice(2),
  env,
  stdout: process.stdout,
  stderr: process.stderr,
  signal: stopping.signal,
  version,
  calledAs: calledAs(process.env),
});
// A connection that waits for a server which has gone would keep the process; everything of ours has been closed.
setTimeout(() => process.exit(), 1_000).unref();
