// The commands below `hive-sync webhooks`, as commander knows them.
import type { Command } from 'commander';
import { addExamples } from './examples.js';
import type { Io } from './io.js';
import type { ListOptions, ReplayOptions } from './webhooks.js';

const EXAMPLES = [
  'hive-sync webhooks list --open',
  'hive-sync webhooks replay --since 2026-03-31 --dry-run',
  'hive-sync webhooks replay --since 2026-03-31T08:00:00Z --account de',
  'hive-sync webhooks prune',
];

export function addWebhooks(program: Command, io: Io, ends: (code: number) => void): void {
  const webhooks = program
    .command('webhooks')
    .summary('what webhooks brought: list it, take it in again, remove old ones')
    .description('Deliveries of webhooks, as the worker stored them before it answered.');
  addExamples(webhooks, io, EXAMPLES);
  const chooses = (command: Command): Command =>
    command
      .option('--since <date>', 'only those received since then: 2026-03-31 or 2026-03-31T12:00:00Z')
      .option('--account <label>', 'only of this account');
  chooses(webhooks.command('list').description('deliveries, the last received first'))
    .option('--open', 'only those with something left to do', false)
    .option('--limit <n>', 'at most so many (default 50)')
    .option('--json', 'for programs, with payloads', false)
    .action(async (options: ListOptions) => ends(await (await import('./webhooks.js')).listCommand(io, options)));
  chooses(
    webhooks
      .command('replay')
      .description(
        'take stored deliveries in again, without a request; one that is older than its row changes nothing',
      ),
  )
    .option('--dry-run', 'only say how many there are', false)
    .action(async (options: ReplayOptions) => ends(await (await import('./webhooks.js')).replayCommand(io, options)));
  webhooks
    .command('prune')
    .description('remove deliveries that are dealt with and older than WEBHOOK_RETENTION; the worker does so by itself')
    .action(async () => ends(await (await import('./webhooks.js')).pruneCommand(io)));
}
