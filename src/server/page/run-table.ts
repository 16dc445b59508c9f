// Runs that have been: as a row of bars, and as a table.
import type { Run } from '../../db/ledger.js';
import { type Html, html } from '../html.js';
import { ago, runState, runTone, took } from './marks.js';

const BAR = 10;
const GAP = 3;
const HEIGHT = 36;
/** One second is the shortest bar that can be told from the next longer. */
const SHORTEST_MS = 1_000;

/** Oldest to the left; the taller the longer (each tenfold time is a step of the same size), coloured by outcome. */
export function outcomeStrip(newestFirst: readonly Run[], now: Date): Html {
  const runs = newestFirst.toReversed();
  const steps = runs.map((run) =>
    Math.log10(Math.max(SHORTEST_MS, (run.finished_at ?? now).getTime() - run.started_at.getTime()) / SHORTEST_MS),
  );
  const most = Math.max(...steps, 1);
  const counts = new Map<string, number>();
  for (const run of runs) counts.set(run.state, (counts.get(run.state) ?? 0) + 1);
  const said = [...counts].map(([outcome, n]) => `${n} ${outcome}`).join(', ');
  const bars = runs.map((run, i) => {
    const height = Math.round(8 + ((steps[i] ?? 0) / most) * (HEIGHT - 8));
    return html`<a href="/runs/${run.id}"><title>Run ${run.id} (${run.mode}): ${run.state}, ${took(run, now)}</title><rect class="nothing" x="${i * BAR}" width="${BAR}" height="${HEIGHT}"/><rect class="${runTone(run)}" x="${i * BAR}" y="${HEIGHT - height}" width="${BAR - GAP}" height="${height}" rx="1.5"/></a>`;
  });
  return html`<svg class="outcomes" width="${runs.length * BAR}" height="${HEIGHT}" viewBox="0 0 ${runs.length * BAR} ${HEIGHT}" role="img" aria-label="The last ${runs.length} runs: ${said}">${bars}</svg>`;
}

/** @param labelledBy id of its heading */
export function runTable(runs: readonly Run[], now: Date, labelledBy: string, { withAccount = false } = {}): Html {
  return html`<table class="cards runs" aria-labelledby="${labelledBy}">
<thead><tr><th scope="col">run</th>${withAccount && html`<th scope="col">account</th>`}<th scope="col">mode</th><th scope="col">outcome</th><th scope="col">started</th><th scope="col" class="n">took</th></tr></thead>
<tbody>${runs.map(
    (run) => html`<tr id="run-${run.id}">
<th scope="row"><a href="/runs/${run.id}">${run.id}</a></th>
${withAccount && html`<td data-label="account">${run.account}</td>`}
<td data-label="mode">${run.mode} <span class="faint">${BY[run.trigger] ?? run.trigger}</span></td>
<td data-label="outcome">${runState(run)}${run.reason !== null && html`<div class="reason">${run.reason}</div>`}</td>
<td data-label="started">${ago(run.started_at, now)}</td>
<td class="n" data-label="took">${took(run, now)}</td>
</tr>`,
  )}</tbody>
</table>`;
}

/** Who started it. */
export const BY: Readonly<Record<string, string>> = {
  cli: 'by command',
  schedule: 'by schedule',
  api: 'by hand',
  webhook: 'for webhooks',
};
