// The commands below `hive-sync dead-letters`, as commander knows them.
import type { Command } from 'commander';
import type { ListOptions } from './dead-letters.js';
import type { DiscardOptions } from './dead-letters-discard.js';
import type { RetryOptions } from './dead-letters-retry.js';
import { addExamples } from './examples.js';
import type { Io } from './io.js';

const EXAMPLES = [
  'hive-sync dead-letters list --collection orders',
  'hive-sync dead-letters show 3',
  'hive-sync dead-letters retry 3 4',
  'hive-sync dead-letters retry --kind request --dry-run',
  'hive-sync dead-letters discard 3 --reason "test order, deleted by hand"',
];

export function addDeadLetters(program: Command, io: Io, ends: (code: number) => void): void {
  const letters = program
    .command('dead-letters')
    .summary('what could not be taken in, and why')
    .description('What could not be taken in, with the errors of the API and the payload.');
  addExamples(letters, io, EXAMPLES);
  const chooses = (command: Command): Command =>
    command
      .option('--collection <name>', 'only of this collection')
      .option('--kind <kind>', 'only request, record or webhook')
      .option('--account <label>', 'only of this account');
  chooses(letters.command('list').description('open dead letters, newest first'))
    .option('--all', 'resolved ones too', false)
    .option('--limit <n>', 'at most so many (default 100)')
    .option('--json', 'for programs', false)
    .action(async (options: ListOptions) => ends(await (await import('./dead-letters.js')).listCommand(io, options)));
  letters
    .command('show')
    .description('one dead letter whole, with its payload')
    .argument('<id>')
    .option('--json', 'for programs', false)
    .action(async (id: string, options: { json: boolean }) =>
      ends(await (await import('./dead-letters.js')).showCommand(io, id, options)),
    );
  chooses(
    letters
      .command('retry')
      .description('fetch what they are about again; a good answer resolves them')
      .argument('[id...]', 'which ones; or choose with the options below'),
  )
    .option('--all', 'every open one', false)
    .option('--dry-run', 'print the requests and change nothing', false)
    .option('--json', 'for programs', false)
    .action(async (ids: string[], options: RetryOptions) =>
      ends(await (await import('./dead-letters-retry.js')).retryCommand(io, ids, options)),
    );
  letters
    .command('discard')
    .description('let them be; the same trouble only counts up, another one opens the letter again')
    .argument('<id...>')
    .requiredOption('--reason <text>', 'needed: why, for whoever finds them later')
    .option('--json', 'for programs', false)
    .action(async (ids: string[], options: DiscardOptions) =>
      ends(await (await import('./dead-letters-discard.js')).discardCommand(io, ids, options)),
    );
}
