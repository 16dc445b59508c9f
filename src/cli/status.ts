// hive-sync status: what is there, how true it is, what is under way.

import { collections } from '../collections/index.js';
import { readConfig } from '../config.js';
import { type AccountReport, readAccountReport } from '../db/account-report.js';
import { openLog } from '../log.js';
import { tableName } from '../schema-names.js';
import { openStore } from '../store.js';
import { counted, differenceInWords, inThousands, inUtc } from '../words.js';
import { inLines, styled, tableOf } from './format.js';
import { foregroundLevel, type Io, print } from './io.js';
import { requireSchema } from './with-store.js';

export async function statusCommand(io: Io, { json }: { json: boolean }): Promise<number> {
  const config = readConfig(io.env, { needsKey: false });
  const store = await openStore(config, { log: openLog(foregroundLevel(io.env), io.stderr) });
  try {
    await requireSchema(store);
    const accounts = await Promise.all(
      config.accounts.map(({ label }) =>
        readAccountReport(store.db, { account: label, collections, rate: config.rate }),
      ),
    );
    if (json) print(io, JSON.stringify({ accounts }, null, 2));
    else accounts.forEach((account, i) => void printAccount(io, account, config.accounts[i]?.keyVariable ?? ''));
    return 0;
  } finally {
    await store.close();
  }
}

function printAccount(
  io: Io,
  { account, collections: perCollection, runs, budget }: AccountReport,
  keyVariable: string,
): void {
  print(io, `${styled(io.stdout, 'bold', `Account ${account}`)}, times are UTC`);
  print(
    io,
    tableOf(
      ['collection', 'rows', 'complete as of', 'new records up to', 'dead letters'],
      perCollection.map((row) => [
        row.collection,
        row.rows,
        row.certified_up_to === null ? 'never' : toTheMinute(row.certified_up_to),
        row.new_records_up_to === null ? 'never' : toTheMinute(row.new_records_up_to),
        row.open_dead_letters,
      ]),
    ),
  );
  for (const sentence of [...countsInWords(perCollection), ...attemptsInWords(perCollection)])
    print(io, inLines(sentence));
  for (const row of perCollection) {
    const sentence = differenceInWords(row.missing, row.api_count_at);
    if (sentence !== undefined) print(io, styled(io.stdout, 'yellow', inLines(`${row.collection}: ${sentence}.`)));
  }
  for (const { collection, rows_with_lost_values: rows, lost_columns: columns, lost_since: since } of perCollection) {
    if (rows === 0 || since === null) continue;
    const what = `${collection}: ${columns.join(', ')} could not be read in ${counted(rows, 'row')} since ${inUtc(since)}`;
    print(io, styled(io.stdout, 'red', `\n${what}; older values are kept. See ${tableName('schema_drift')}.`));
  }
  for (const run of runs) {
    const pages = `${inThousands(run.pages_done)} of ${run.pages_total === null ? 'unknown' : inThousands(run.pages_total)}`;
    const single =
      run.single_records_total === 0
        ? ''
        : `, ${inThousands(run.single_records_done)} of ${inThousands(run.single_records_total)} single records`;
    const eta = run.eta_ms === null ? '' : `, about ${Math.ceil(run.eta_ms / 1_000)} s left`;
    print(io, `\nRun ${run.run} (${run.mode}) is under way: ${pages} pages${single}${eta}.`);
  }
  const others = budget.used_by_others > 0 ? `, ${budget.used_by_others} by others` : '';
  print(io, `\nBudget: ${budget.used} of ${budget.limit} requests in the last ${budget.window_ms / 1_000} s${others}.`);
  if (budget.halted_at !== null) {
    print(
      io,
      styled(io.stdout, 'red', `Halted: the API refused the key twice. Check ${keyVariable}, then run: hive-sync sync`),
    );
  }
  print(io, '');
}

const toTheMinute = (at: Date): string => inUtc(at).slice(0, 'yyyy-mm-dd hh:mm'.length);

/** The API's own counts, which are of an instant too; those of one minute share a sentence. */
function countsInWords(rows: AccountReport['collections']): string[] {
  const counts = new Map<string, string[]>();
  for (const { collection, api_count: count, api_count_at: at } of rows) {
    if (count === null || at === null) continue;
    const minute = toTheMinute(at);
    counts.set(minute, [...(counts.get(minute) ?? []), `${collection} ${inThousands(count)}`]);
  }
  return [...counts].map(([minute, of]) => `The API counted at ${minute}: ${of.join(', ')}.`);
}

/** What is said where the last attempt was no success; collections of which the same is to be said share a sentence. */
function attemptsInWords(rows: AccountReport['collections']): string[] {
  const sentences = new Map<string, string[]>();
  for (const { collection, last_attempt_run: run, last_attempt_state: state, ...row } of rows) {
    if (state === null || state === 'complete' || row.last_attempt_at === null) continue;
    const success = row.last_success_at === null ? 'none is on file' : `was ${inUtc(row.last_success_at)}`;
    const sentence = `the last run (${run}) ended ${state}, ${inUtc(row.last_attempt_at)}; the last complete one ${success}`;
    sentences.set(sentence, [...(sentences.get(sentence) ?? []), collection]);
  }
  return [...sentences].map(
    ([sentence, names]) => `${names.length === rows.length ? 'All collections' : names.join(', ')}: ${sentence}.`,
  );
}
