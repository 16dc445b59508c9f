// Examples below the help of a command, written as the reader has to type them.
import type { Command } from 'commander';
import type { Io } from './io.js';

/** @param examples each begins with `hive-sync` */
export function addExamples(command: Command, io: Pick<Io, 'calledAs'>, examples: readonly string[]): Command {
  const lines = examples.map((example) => `  ${asTyped(example, io.calledAs)}`);
  return command.addHelpText('after', `\nExamples:\n${lines.join('\n')}`);
}

/** npm writes a heading to stdout, which must not get into what a program or a file receives. */
function asTyped(example: string, calledAs: string): string {
  const isForPrograms = /[|>]|--json/.test(example);
  return example.replace(
    /^hive-sync/,
    isForPrograms ? calledAs.replace(/^npm run(?= )/, 'npm run --silent') : calledAs,
  );
}
