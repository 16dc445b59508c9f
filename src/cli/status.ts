// hive-sync status: what is there, how true it is, what is under way.

import { collections } from '../collections/index.js';
import { readConfig } from '../config.js';
import { type AccountReport, readAccountReport } from '../db/account-report.js';
import { openLog } from '../log.js';
import { openStore } from '../store.js';
import { inThousands, inUtc } from '../words.js';
import { styled, tableOf } from './format.js';
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

function printAccount(io: Io, { account, collections: rows, runs, budget }: AccountReport, keyVariable: string): void {
  print(io, styled(io.stdout, 'bold', `Account ${account}`));
  print(
    io,
    tableOf(
      ['collection', 'rows', 'API count', 'certified complete up to', 'dead letters'],
      rows.map((row) => [
        row.collection,
        row.rows,
        row.api_count,
        row.certified_complete_up_to === null ? 'never' : inUtc(row.certified_complete_up_to),
        row.open_dead_letters,
      ]),
    ),
  );
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
