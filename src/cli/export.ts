// hive-sync export: one table or view as CSV or JSON lines. A file has its name only when it is whole.
import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { lstat, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { Transform, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type ExportFormat, listAccounts, listRelations, openExport, type RelationExport } from '../db/export.js';
import { UsageError } from '../errors.js';
import { schemas, tableName, written } from '../schema-names.js';
import { visible } from '../visible.js';
import { inThousands } from '../words.js';
import { type Io, note } from './io.js';
import { openRowCounter } from './row-counter.js';
import { openRowProgress } from './row-progress.js';
import { withStore } from './with-store.js';

export interface ExportOptions {
  readonly format: string;
  readonly out?: string;
  readonly account?: string;
  /** Texts as they are, formulas too. */
  readonly rawText?: boolean;
}

const FORMATS: readonly ExportFormat[] = ['csv', 'jsonl'];

export async function exportCommand(io: Io, given: string, options: ExportOptions): Promise<number> {
  const format = FORMATS.find((one) => one === options.format);
  if (format === undefined) throw new UsageError(`--format is "${options.format}". Expected csv or jsonl.`);
  if (options.rawText === true && format !== 'csv') {
    throw new UsageError('--raw-text is for csv: in jsonl texts are always as they are. Leave it away.');
  }
  if (options.out !== undefined) await checkPlace(options.out);
  return withStore(io, async ({ db, address }) => {
    const relations = await listRelations(db);
    const hive = written(schemas.hive);
    const qualifier = [hive, schemas.hive].find((one) => given.toLowerCase().startsWith(`${one.toLowerCase()}.`));
    const name = given
      .slice(qualifier === undefined ? 0 : qualifier.length + 1)
      .toLowerCase()
      .replaceAll('-', '_');
    const columns = relations.get(name);
    if (columns === undefined) {
      throw new UsageError(
        `There is no table or view "${given}" in schema ${hive}. Expected one of: ${[...relations.keys()].join(', ')}.`,
      );
    }
    const { account } = options;
    if (account !== undefined) {
      if (!columns.includes('account'))
        throw new UsageError(`${tableName(name)} has no column account: leave --account away.`);
      const accounts = await listAccounts(db);
      if (!accounts.includes(account)) {
        throw new UsageError(
          `There is no account "${account}". Expected one of: ${accounts.join(', ') || 'none has synced yet'}.`,
        );
      }
    }
    const source = await openExport(address, { name, format, account, isRaw: options.rawText === true });
    try {
      return options.out === undefined
        ? await toStdout(io, source, name, format)
        : await toFile(io, source, name, format, options.out);
    } finally {
      await source.close();
    }
  });
}

/** @throws UsageError when nothing can be written there */
async function checkPlace(out: string): Promise<void> {
  const found = (place: string) => stat(place).catch(() => undefined);
  if ((await found(path.dirname(path.resolve(out))))?.isDirectory() !== true) {
    throw new UsageError(
      `--out is "${out}", and there is no folder ${path.dirname(path.resolve(out))}. Make it first.`,
    );
  }
  const there = await found(out);
  if (there?.isDirectory()) throw new UsageError(`--out is "${out}", which is a folder. Expected the name of a file.`);
  // The finished file takes its place, so a device or a pipe would be gone.
  if (there !== undefined && !there.isFile())
    throw new UsageError(`--out is "${out}", which is no file. Leave --out away and send the output there: > ${out}`);
}

async function toStdout(io: Io, source: RelationExport, name: string, format: ExportFormat): Promise<number> {
  // A pipeline that leaves its end open does not hear of it when the reader has what it wanted (| head).
  const left = new AbortController();
  const leave = (error: NodeJS.ErrnoException) => left.abort(error);
  io.stdout.once('error', leave);
  try {
    const signal = AbortSignal.any([io.signal, left.signal]);
    const counter = await pour(io, source, name, format, io.stdout, { signal, end: false });
    note(io, `${inThousands(counter.rows())} rows of ${tableName(name)}`);
    return 0;
  } catch (error) {
    const reason: unknown = left.signal.reason;
    if (!left.signal.aborted) throw error;
    if (reason instanceof Error && 'code' in reason && reason.code === 'EPIPE') return 0;
    throw reason;
  } finally {
    io.stdout.off('error', leave);
  }
}

async function toFile(
  io: Io,
  source: RelationExport,
  name: string,
  format: ExportFormat,
  out: string,
): Promise<number> {
  const mode = await modeFor(out);
  // Beside it, so that it can be renamed; a name of its own, so that two exports do not write into each other.
  const part = `${out}.${randomBytes(4).toString('hex')}.part`;
  try {
    const counter = await pour(io, source, name, format, createWriteStream(part, { flags: 'wx', flush: true, mode }), {
      signal: io.signal,
      end: true,
    });
    await rename(part, out);
    note(
      io,
      `${inThousands(counter.rows())} rows of ${tableName(name)}, ${inThousands(counter.bytes())} bytes, are in ${out}`,
    );
    return 0;
  } catch (error) {
    await rm(part, { force: true });
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code !== 'EACCES' && code !== 'EPERM' && code !== 'EROFS') throw error;
    const folder = path.dirname(path.resolve(out));
    throw new UsageError(`--out is "${out}", and you may not write into ${folder} (${code}). Name another folder.`, {
      cause: error,
    });
  }
}

/**
 * Personal data: for others only where a file of our own that it replaces already was. A file of somebody else, or a link,
 * may have been put there to say who reads the export.
 */
async function modeFor(out: string): Promise<number> {
  const there = await lstat(out).catch(() => undefined);
  const isOurs = there?.isFile() === true && (process.geteuid === undefined || there.uid === process.geteuid());
  return isOurs ? there.mode & 0o777 : 0o600;
}

/** A terminal shows what would steer it. */
function openVisible(): Transform {
  const decoder = new TextDecoder();
  return new Transform({
    transform: (chunk: Buffer, _encoding, done) => done(null, visible(decoder.decode(chunk, { stream: true }))),
  });
}

async function pour(
  io: Io,
  source: RelationExport,
  name: string,
  format: ExportFormat,
  to: Writable,
  how: { signal: AbortSignal; end: boolean },
) {
  const counter = openRowCounter(format);
  // Bars would be drawn into the data.
  const progress = to === io.stdout && io.stdout.isTTY ? undefined : openRowProgress(io.stderr);
  let total = 0;
  source.rows.then(
    (rows) => {
      total = rows;
    },
    () => {},
  );
  counter.through.on('data', () => progress?.show(name, counter.rows(), Math.max(total, counter.rows())));
  try {
    if (to === io.stdout && io.stdout.isTTY) await pipeline(source.text, counter.through, openVisible(), to, how);
    else await pipeline(source.text, counter.through, to, how);
  } finally {
    progress?.close();
  }
  return counter;
}
