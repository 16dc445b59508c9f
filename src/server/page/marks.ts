// Small pieces that several pages use: states with a colour, instants, progress.
import type { Run } from '../../db/ledger.js';
import { progressOf } from '../../db/run-progress.js';
import type { RunStatus, WindowStatus } from '../../db/run-status.js';
import { counted, inAge, inThousands, inUtc, inWords } from '../../words.js';
import { type Html, html } from '../html.js';

export type Tone = 'good' | 'warn' | 'bad' | 'busy' | 'calm';

/** A dot and a word: the colour never says anything alone. */
export const state = (tone: Tone, word: string): Html => html`<span class="state ${tone}">${word}</span>`;

const RUN_TONES: Readonly<Record<string, Tone>> = {
  running: 'busy',
  complete: 'good',
  incomplete: 'warn',
  failed: 'bad',
};
export const runTone = (run: Pick<Run, 'state'>): Tone => RUN_TONES[run.state] ?? 'calm';
export const runState = (run: Pick<Run, 'state'>): Html => state(runTone(run), run.state);

export const instant = (at: Date): Html =>
  html`<time datetime="${at.toISOString()}">${inUtc(at).replace(' UTC', '')}</time>`;
export const ago = (at: Date, now: Date): Html =>
  html`<time datetime="${at.toISOString()}" title="${inUtc(at)}">${inAge(now.getTime() - at.getTime())} ago</time>`;

export const took = (run: Pick<Run, 'started_at' | 'finished_at'>, now: Date): string =>
  inWords((run.finished_at ?? now).getTime() - run.started_at.getTime());

/** One bar per collection, the records that are read one by one, and what is left. */
export function runProgress(run: RunStatus, eta: number | null): Html {
  const { pagesDone, pagesTotal } = progressOf(run);
  const { lookups } = run;
  const left = eta === null ? 'how long it takes is not known yet' : `about ${inWords(eta)} left`;
  // A run that reads single records only has no pages.
  const read = [
    run.windows.length > 0 &&
      html`<strong>${inThousands(pagesDone)} of ${pagesTotal === null ? 'unknown' : inThousands(pagesTotal)} pages</strong>, `,
    lookups.total > 0 && html`${inThousands(lookups.done)} of ${inThousands(lookups.total)} single records, `,
  ];
  return html`<p class="sum">${read}${left}</p>
<ul class="bars">${run.windows.map((window) => windowBar(run.run, window))}${
    lookups.total > 0 &&
    html`<li id="bar-${run.run}-lookups"${lookups.done === lookups.total && html` class="over certified"`}><span class="name" id="name-${run.run}-lookups">single records</span>${bar(`name-${run.run}-lookups`, lookups.done, lookups.total)}<span class="number">${inThousands(lookups.done)} of ${inThousands(lookups.total)}</span></li>`
  }</ul>`;
}

function windowBar(run: number, window: WindowStatus): Html {
  const { collection, pages, pagesDone, records } = window;
  const label = `name-${run}-${collection}`;
  const isOver = window.state !== 'waiting' && window.state !== 'reading';
  const number =
    window.state === 'waiting'
      ? 'waiting'
      : html`${pages === null ? counted(pagesDone, 'page') : html`${inThousands(pagesDone)} of ${counted(Math.max(pages, pagesDone), 'page')}`}<span class="records">, ${counted(records, 'record')}</span>`;
  // While nobody can tell how many there are, the bar is empty and the number tells.
  const [value, most] = pages === null ? [0, 1] : [pagesDone, Math.max(pages, pagesDone, 1)];
  return html`<li id="bar-${run}-${collection}"${isOver && html` class="over ${window.state}"`}><span class="name" id="${label}">${collection}</span>${bar(label, value, most)}<span class="number">${number}</span></li>`;
}

const bar = (label: string, value: number, max: number): Html =>
  html`<progress aria-labelledby="${label}" value="${value}" max="${max}">${Math.floor((100 * value) / max)} %</progress>`;
