// The command line: what there is, how it is called, and which exit code comes out. A command's code is loaded when it
// is called: --help and mistakes answer at once.
import { Command, CommanderError } from 'commander';
import { exitCodeOf } from '../errors.js';
import { onStandstill } from '../standstill.js';
import { visible } from '../visible.js';
import type { BackfillOptions } from './backfill.js';
import { addDeadLetters } from './dead-letters-commands.js';
import { addExamples } from './examples.js';
import type { ExplainOptions } from './explain.js';
import type { ExportOptions } from './export.js';
import { styled } from './format.js';
import type { GrantOptions } from './grant.js';
import { type Io, note } from './io.js';
import type { MigrateCommandOptions } from './migrate.js';
import type { RefreshOptions } from './refresh.js';
import type { SimulateOptions } from './simulate.js';
import type { SyncOptions } from './sync.js';
import { addWebhooks } from './webhooks-commands.js';

const EXIT_CODES = `
Exit codes: 0 done and complete, 1 failed, 2 wrong usage or configuration,
            3 finished but not complete (uncertified or dead letters),
            130 interrupted

Environment: HIVE_API_KEY is needed to sync. Without DATABASE_URL an embedded
             PostgreSQL is used, without REDIS_URL the queue is in PostgreSQL.
             All variables: .env.example`;

const NO_FOLLOW =
  'when another process reads the same already: say so and exit with 1; without it that run is followed';

/** Runs one command. Never throws: every error becomes one sentence on stderr and an exit code. */
export async function runCli(io: Io): Promise<number> {
  let code = 0;
  const program = buildProgram(io, (exitCode) => {
    code = exitCode;
  });
  const listened = onStandstill((sentence) => note(io, sentence));
  try {
    await program.parseAsync([...io.argv], { from: 'user' });
    return io.signal.aborted && code === 0 && !endlessCommands.has(program.args[0] ?? '') ? 130 : code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    if (io.signal.aborted) return 130;
    note(io, `${styled(io.stderr, 'red', 'Error:')} ${await inAdvice(error)}`);
    return exitCodeOf(error);
  } finally {
    listened();
  }
}

/** Loaded when it is needed: it knows the servers' codes. */
const inAdvice = async (error: unknown): Promise<string> => (await import('./advice.js')).withAdvice(error);

/** They run until they are told to stop: for them Ctrl-C is a normal end. */
const endlessCommands: ReadonlySet<string> = new Set(['simulate', 'db', 'worker']);

function buildProgram(io: Io, ends: (code: number) => void): Command {
  const program = new Command(io.calledAs)
    .description("Mirrors a merchant's Hive account into PostgreSQL and proves that nothing is missing.")
    .version(io.version)
    .addHelpText('after', EXIT_CODES)
    .configureHelp({
      // The commands' names alone leave room for what they do in 80 columns.
      subcommandTerm: (command) => command.name(),
      optionDescription: ({ description, defaultValue }) =>
        defaultValue === undefined || typeof defaultValue === 'boolean'
          ? description
          : `${description} (default: ${defaultValue})`,
    })
    .configureOutput({
      writeOut: (text) => void io.stdout.write(visible(text)),
      writeErr: (text) => void io.stderr.write(visible(text)),
    })
    .exitOverride();
  const command = (usage: string, summary: string, examples: readonly string[]) =>
    addExamples(program.command(usage).summary(summary).description(summary), io, examples);

  command('demo', 'sync a simulated account into an embedded PostgreSQL and query it', ['hive-sync demo']).action(
    async () => ends(await (await import('./demo.js')).demoCommand(io)),
  );
  command('sync', 'read collections now, in the foreground, and exit', [
    'hive-sync sync',
    'hive-sync sync orders shipments',
    'hive-sync sync --full && echo complete',
  ])
    .argument('[collection...]', 'which ones; all when none is named')
    .option('--full', 'read everything from end to end; without it only what is new or may have changed', false)
    .option('--allow-deletes', 'mark records as deleted even when suspiciously many are gone', false)
    .option('--no-follow', NO_FOLLOW)
    .action(async (names: string[], options: SyncOptions) =>
      ends(await (await import('./sync.js')).syncCommand(io, names, options)),
    );
  command('backfill', 'read a part of the past again, by months, behind all scheduled work', [
    'hive-sync backfill orders --from 2025-01-01 --to 2025-12-31',
    'hive-sync backfill all --dry-run',
    'hive-sync backfill orders --from 2024-01-01 --detach',
  ])
    .argument('<collection...>', 'which ones, or all')
    .option('--from <date>', 'first day, in UTC (2025-01-31), or an instant; default: the oldest record')
    .option('--to <date>', 'last day, in UTC, or an instant; default: now')
    .option('--detach', 'only file it; a running worker reads it', false)
    .option('--no-follow', NO_FOLLOW)
    .option(
      '--dry-run',
      'print windows, requests and duration; costs one request per window, and up to two per collection',
      false,
    )
    .action(async (names: string[], options: BackfillOptions) =>
      ends(await (await import('./backfill.js')).backfillCommand(io, names, options)),
    );
  command('worker', 'run as a service: schedules, jobs, webhooks, status page, metrics', ['hive-sync worker']).action(
    async () => ends(await (await import('./worker.js')).workerCommand(io)),
  );
  command('status', 'rows, certificates, dead letters, runs and budget', [
    'hive-sync status',
    'hive-sync status --json',
  ])
    .option('--json', 'for programs', false)
    .action(async (options: { json: boolean }) => ends(await (await import('./status.js')).statusCommand(io, options)));
  addDeadLetters(program, io, ends);
  addWebhooks(program, io, ends);
  command('refresh', 'fetch single records again', [
    'hive-sync refresh orders 17 18',
    'hive-sync refresh skus 9 --account de',
  ])
    .argument('<collection>', 'which one')
    .argument('<id...>', "Hive's ids of the records")
    .option('--account <label>', 'whose records; needed when there are several accounts')
    .action(async (name: string, ids: string[], options: RefreshOptions) =>
      ends(await (await import('./refresh.js')).refreshCommand(io, name, ids, options)),
    );
  command('rederive', 'fill columns again from the stored payloads, with no request to the API', [
    'hive-sync rederive',
    'hive-sync rederive orders shipments',
  ])
    .argument('[collection...]', 'which ones; all when none is named')
    .action(async (names: string[]) => ends(await (await import('./rederive.js')).rederiveCommand(io, names)));
  command('migrate', 'bring the database schema in step with this release', [
    'hive-sync migrate',
    'hive-sync migrate --check',
    'hive-sync migrate --recreate-dependents',
  ])
    .option('--check', 'only say what is pending; exits 3 when something is', false)
    .option('--new-identity', 'for a copy: queues of its own in Redis', false)
    .option('--second-installation', 'beside one that has other names for its schemas', false)
    .option('--recreate-dependents', 'drop views that others built on ours, and make them again afterwards', false)
    .action(async (options: MigrateCommandOptions) =>
      ends(await (await import('./migrate.js')).migrateCommand(io, options)),
    );
  command('explain', 'where a record was seen, why it is missing, and what brings it back', [
    'hive-sync explain orders 4962',
    'hive-sync explain skus HIVE_TSH_BLK_M --json',
  ])
    .argument('<collection>', 'which one')
    .argument('<id>', "Hive's id of the record, or the shop's (merchant_order_id, merchant_sku_id)")
    .option('--account <label>', 'only of this account')
    .option('--json', 'for programs', false)
    .action(async (name: string, id: string, options: ExplainOptions) =>
      ends(await (await import('./explain.js')).explainCommand(io, name, id, options)),
    );
  command('export', 'write a table or view as CSV or JSON lines', [
    'hive-sync export orders --out orders.csv',
    'hive-sync export order_fulfilment --format jsonl | gzip > fulfilment.jsonl.gz',
    'hive-sync export skus --account de --format csv | head',
  ])
    .argument('<table>', 'a table or view of the schema that HIVE_SCHEMA names')
    .option('--format <format>', 'csv (with headings) or jsonl', 'csv')
    .option('--out <file>', 'where to; default: standard output')
    .option('--account <label>', 'only of this account')
    .option(
      '--raw-text',
      'in csv, texts as they are; else an apostrophe stands before those that a spreadsheet would run',
    )
    .action(async (name: string, options: ExportOptions) =>
      ends(await (await import('./export.js')).exportCommand(io, name, options)),
    );
  command('grant', 'make or change a database role that can read the data and nothing else', [
    'hive-sync grant analyst',
    'hive-sync grant intern --mask-personal-data',
    'hive-sync grant intern --revoke',
  ])
    .argument('<role>', 'its name in PostgreSQL; made when there is none')
    .option('--mask-personal-data', 'only the masked schema: no names, addresses, e-mails, phones', false)
    .option('--revoke', 'take all of it away; the role stays', false)
    .action(async (role: string, options: GrantOptions) =>
      ends(await (await import('./grant.js')).grantCommand(io, role, options)),
    );
  command('doctor', 'check configuration, database, queue and API key (one request per account)', [
    'hive-sync doctor',
  ]).action(async () => ends(await (await import('./doctor.js')).doctorCommand(io)));
  command('db', 'keep the embedded PostgreSQL running and print how to connect', [
    'hive-sync db',
    'hive-sync db --demo',
  ])
    .option('--demo', "the demo's database", false)
    .action(async (options: { demo: boolean }) => ends(await (await import('./db.js')).dbCommand(io, options)));
  addSimulate(command, io, ends);
  pointToHelp(program, io.calledAs);
  return program;
}

/** After a mistake in its arguments each command names its own help. */
function pointToHelp(command: Command, calledAs: string): void {
  command.showHelpAfterError(`(${calledAs} --help shows what there is)`);
  for (const below of command.commands) pointToHelp(below, `${calledAs} ${below.name()}`);
}

type AddCommand = (usage: string, summary: string, examples: readonly string[]) => Command;

function addSimulate(command: AddCommand, io: Io, ends: (code: number) => void): void {
  command('simulate', 'serve the Hive API as a simulator on a port', [
    'hive-sync simulate --port 4000 --orders 5000',
    'hive-sync simulate --rate-limit 20 --rate-window 3000',
    'hive-sync simulate --webhooks http://127.0.0.1:8787/webhooks/hive',
  ])
    .option('--port <n>', 'default: a free one')
    .option('--host <address>', 'default: 127.0.0.1')
    .option('--key <key>', 'the API key it accepts (default test-key)')
    .option('--seed <n>', 'same seed and sizes, same records (default 1)')
    .option('--warehouses <n>')
    .option('--skus <n>')
    .option('--orders <n>')
    .option('--shipments <n>')
    .option('--returns <n>')
    .option('--restocking-shipments <n>')
    .option('--latency <ms>', 'time before each answer')
    .option('--rate-limit <n>', 'requests per window, or unlimited (default 100)')
    .option('--rate-window <ms>', 'default 60000')
    .option('--rate-kind <kind>', 'rolling (default) or fixed')
    .option('--retry-after <form>', 'fraction (default), integer, date, zero, none or garbage')
    .option('--webhooks <url>', 'post changes of a status there, signed with the key')
    .option('--script <file>', 'JSON with faults and drift')
    .action(async (options: SimulateOptions) =>
      ends(await (await import('./simulate.js')).simulateCommand(io, options)),
    );
}
