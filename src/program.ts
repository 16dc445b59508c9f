// The program: gives arguments, environment, streams and an abort signal to the CLI, and sets the exit code. Nothing
// else in src/ touches `process`.
import { readFileSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runCli } from './cli/cli.js';
import { exposureOf, withEnvFile } from './env-file.js';
import { describe, exitCodeOf } from './errors.js';
import { visible } from './visible.js';

// A sync makes much short-lived garbage beside 30 MB that stay. V8 would let the heap grow fourfold before it looks;
// this keeps the process near 160 MB instead of 250, at no cost in time.
setFlagsFromString('--heap-growing-percent=70');

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

/**
 * The environment for the commands. What libpq reads from it reaches the server that DATABASE_URL names and no other, so
 * the drivers, which would look for themselves, find none of it.
 */
function takeEnvironment(): ReturnType<typeof withEnvFile> {
  const env = withEnvFile({ ...process.env });
  for (const name of Object.keys(process.env)) if (name.startsWith('PG')) delete process.env[name];
  return env;
}

async function run(): Promise<number> {
  try {
    return await runCli({
      argv: process.argv.slice(2),
      env: takeEnvironment(),
      exposure: exposureOf(),
      stdout: process.stdout,
      stderr: process.stderr,
      signal: stopping.signal,
      version,
      calledAs: calledAs(process.env),
    });
  } catch (error) {
    process.stderr.write(visible(`Error: ${describe(error)}\n`));
    return exitCodeOf(error);
  }
}

process.exitCode = await run();
// A connection that waits for a server which has gone would keep the process; everything of ours has been closed.
setTimeout(() => process.exit(), 1_000).unref();
