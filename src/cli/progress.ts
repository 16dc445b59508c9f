// How far the runs are: a bar per collection on a terminal, plain lines elsewhere. Read from the ledger, so it is the
// same whoever does the work.
import { MultiBar, type SingleBar } from 'cli-progress';
import type { BudgetStatus, RunStatus, WindowStatus } from '../db/status.js';
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
/** And is said so often where nothing else is. */
const QUIET_SAID_EVERY_MS = 60_000;
const BAR = '{name} {bar} {pages}  {records} records';

export const openProgress = (stream: NodeJS.WriteStream, { accounts }: { accounts: number }): Progress =>
  stream.isTTY ? openBars(stream, accounts > 1) : openLines(stream, accounts > 1);

const nameOf = (snapshot: Snapshot, window: WindowStatus, several: boolean): string =>
  several ? `${snapshot.account} ${window.collection}` : window.collection;

const pagesOf = ({ pages, pagesDone }: WindowStatus): string =>
  `${inThousands(pagesDone)}${pages === null ? '' : `/${inThousands(Math.max(pages, pagesDone))}`} pages`;

const blockedMs = ({ blockedUntil }: BudgetStatus): number =>
  blockedUntil === null ? 0 : Math.max(0, blockedUntil.getTime() - Date.now());

/** Nothing is read although there are requests left. */
const isQuiet = ({ budget, quietMs }: Snapshot): boolean =>
  blockedMs(budget) === 0 && budget.used < budget.limit && quietMs >= QUIET_MS;

function budgetLine(snapshot: Snapshot): string {
  const { run, budget, etaMs, quietMs } = snapshot;
  const blocked = blockedMs(budget);
  const quiet = isQuiet(snapshot) ? `, nothing read for ${inWords(quietMs)}: LOG_LEVEL=warn says why` : '';
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
  let lastAt = performance.now();
  /** Of each run, when it was last said. */
  const quietAt = new Map<number, number>();
  const write = (text: string) => void stream.write(visible(`${text}\n`));
  return {
    show(snapshots) {
      const due = performance.now() - lastAt >= LINE_EVERY_MS;
      for (const snapshot of snapshots) {
        let written = false;
        for (const window of snapshot.run.windows) {
          const key = `${snapshot.run.run} ${window.collection}`;
          const ended = window.state !== 'waiting' && window.state !== 'reading';
          const news = ended && states.get(key) !== window.state;
          states.set(key, window.state);
          if (!news && (!due || window.state !== 'reading')) continue;
          const ending = ended ? `, ${window.state}` : '';
          const read = `${pagesOf(window)}, ${inThousands(window.records)} records`;
          write(`${nameOf(snapshot, window, several)}: ${read}${ending}`);
          written = true;
        }
        const { run, budget } = snapshot;
        const isQuietNews =
          isQuiet(snapshot) &&
          performance.now() - (quietAt.get(run.run) ?? -QUIET_SAID_EVERY_MS) >= QUIET_SAID_EVERY_MS;
        const isNews = written || run.lookups.done < run.lookups.total || blockedMs(budget) > 0 || isQuietNews;
        if (!due || !isNews) continue;
        if (isQuietNews) quietAt.set(run.run, performance.now());
        write(`${several ? `${snapshot.account}: ` : ''}${budgetLine(snapshot)}`);
      }
      if (due) lastAt = performance.now();
    },
    say: write,
    close() {},
  };
}
