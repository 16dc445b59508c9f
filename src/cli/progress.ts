// How far the runs are: a bar per collection on a terminal, plain lines elsewhere. Read from the ledger, so it is the
// same whoever does the work.
import { MultiBar, type SingleBar } from 'cli-progress';
import type { RunStatus, WindowStatus } from '../db/run-status.js';
import type { BudgetStatus } from '../db/status.js';
import { visible } from '../visible.js';
import { inThousands, inWords } from '../words.js';
import { sayAbove } from './say-above.js';

export interface Snapshot {
  readonly account: string;
  readonly run: RunStatus;
  readonly budget: BudgetStatus;
  /** Milliseconds until the end, or null while that cannot be told. */
  readonly etaMs: number | null;
  /** Milliseconds since something was last read. */
  readonly quietMs: number;
}

export interface Progress {
  show(snapshots: readonly Snapshot[]): void;
  /** A line of its own, at once. */
  say(text: string): void;
  /** Leaves the last state on the screen. */
  close(): void;
}

/** Plain lines come at most this often. */
const LINE_EVERY_MS = 5_000;
/** An answer or a retry may take as long; what takes longer is worth a word. */
const QUIET_MS = 20_000;
/** What is as it was is said so often: into files and mails go no lines that say nothing. */
const SAME_EVERY_MS = 60_000;
const BAR = '{name} {bar} {pages}  {records} records';

export const openProgress = (stream: NodeJS.WriteStream, { accounts }: { accounts: number }): Progress =>
  stream.isTTY ? openBars(stream, accounts > 1) : openLines(stream, accounts > 1);

const nameOf = (snapshot: Snapshot, window: WindowStatus, several: boolean): string =>
  several ? `${snapshot.account} ${window.collection}` : window.collection;

const pagesOf = ({ pages, pagesDone }: WindowStatus): string =>
  `${inThousands(pagesDone)}${pages === null ? '' : `/${inThousands(Math.max(pages, pagesDone))}`} pages`;

const blockedMs = ({ blockedUntil }: BudgetStatus): number =>
  blockedUntil === null ? 0 : Math.max(0, blockedUntil.getTime() - Date.now());

/** Are there requests left? */
export const isFree = (budget: BudgetStatus): boolean => blockedMs(budget) === 0 && budget.used < budget.limit;

/** Nothing is read although there are. */
const isQuiet = ({ budget, quietMs }: Snapshot): boolean => isFree(budget) && quietMs >= QUIET_MS;

function budgetLine(snapshot: Snapshot): string {
  const { run, budget, etaMs, quietMs } = snapshot;
  const blocked = blockedMs(budget);
  const quiet = isQuiet(snapshot) ? `, nothing read for ${inWords(quietMs)}: LOG_LEVEL=debug says why` : '';
  const pause = blocked > 0 ? `, the API asked for a pause of ${inWords(blocked)}` : quiet;
  const eta = etaMs === null || etaMs === 0 ? '' : `, about ${inWords(etaMs)} left`;
  const { total, done } = run.lookups;
  const single = total === 0 ? '' : `${inThousands(done)} of ${inThousands(total)} single records, `;
  return `${single}${inThousands(budget.used)} of ${inThousands(budget.limit)} requests used${pause}${eta}`;
}

function openBars(stream: NodeJS.WriteStream, several: boolean): Progress {
  const bars = new MultiBar({
    stream,
    format: BAR,
    barsize: 20,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    hideCursor: true,
    emptyOnZero: true,
    autopadding: true,
    linewrap: false,
    clearOnComplete: false,
    forceRedraw: true,
    fps: 4,
  });
  const known = new Map<string, SingleBar>();
  const barOf = (key: string, create: () => SingleBar): SingleBar => {
    const bar = known.get(key) ?? create();
    known.set(key, bar);
    return bar;
  };
  return {
    show(snapshots) {
      for (const snapshot of snapshots) {
        for (const window of snapshot.run.windows) {
          const name = nameOf(snapshot, window, several).padEnd(several ? 28 : 20);
          const bar = barOf(`${snapshot.run.run} ${window.collection}`, () => bars.create(1, 0));
          // While nobody can tell how many there are, the bar is empty and the number tells.
          bar.setTotal(Math.max(window.pages ?? 1, window.pages === null ? 1 : window.pagesDone, 1));
          const payload = { name, pages: pagesOf(window), records: inThousands(window.records) };
          bar.update(window.pages === null ? 0 : window.pagesDone, payload);
        }
        const line = barOf(`${snapshot.run.run}`, () => bars.create(1, 0, {}, { format: '{line}' }));
        line.update(0, { line: budgetLine(snapshot) });
      }
    },
    say: (text) => sayAbove(bars, stream, text),
    close: () => bars.stop(),
  };
}

function openLines(stream: NodeJS.WriteStream, several: boolean): Progress {
  const states = new Map<string, string>();
  const said = new Map<string, { readonly text: string; readonly at: number }>();
  let lastAt = performance.now();
  const write = (text: string) => void stream.write(visible(`${text}\n`));
  /** Is it another than was written for that, or long ago? */
  const isNews = (about: string, text: string): boolean => {
    const last = said.get(about);
    return last === undefined || last.text !== text || performance.now() - last.at >= SAME_EVERY_MS;
  };
  const writeNews = (about: string, text: string, line = text): boolean => {
    if (!isNews(about, text)) return false;
    said.set(about, { text, at: performance.now() });
    write(line);
    return true;
  };
  return {
    show(snapshots) {
      const due = performance.now() - lastAt >= LINE_EVERY_MS;
      for (const snapshot of snapshots) {
        const { run, budget } = snapshot;
        let written = false;
        for (const window of run.windows) {
          const key = `${run.run} ${window.collection}`;
          const ended = window.state !== 'waiting' && window.state !== 'reading';
          const hasJustEnded = ended && states.get(key) !== window.state;
          states.set(key, window.state);
          if (!hasJustEnded && (!due || window.state !== 'reading')) continue;
          const ending = ended ? `, ${window.state}` : '';
          const read = `${pagesOf(window)}, ${inThousands(window.records)} records`;
          written = writeNews(key, `${nameOf(snapshot, window, several)}: ${read}${ending}`) || written;
        }
        if (!due) continue;
        // What changes by itself, such as the time that is left, is no news.
        const lookups = run.lookups.done < run.lookups.total ? `${run.lookups.done} single records` : '';
        const waits = isQuiet(snapshot) ? 'nothing is read' : blockedMs(budget) > 0 ? 'the API asked for a pause' : '';
        const text = [lookups, waits].filter((part) => part !== '').join(', ');
        if (written) said.delete(`${run.run}`);
        if (written || text !== '')
          writeNews(`${run.run}`, text, `${several ? `${snapshot.account}: ` : ''}${budgetLine(snapshot)}`);
      }
      if (due) lastAt = performance.now();
    },
    say: write,
    close() {},
  };
}
