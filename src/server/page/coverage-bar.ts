// The time of a collection from its oldest record to now, and how much of it is certified, as a picture.
import type { Coverage } from '../../db/coverage.js';
import { type Html, html } from '../html.js';

const WIDTH = 1_000;
const DAY_MS = 86_400_000;

export function coverageBar({ oldest, certified }: Coverage, now: Date): Html {
  const end = now.getTime();
  // Records without created_at have no axis: certified at all, or not.
  const start = Math.min(
    oldest?.getTime() ?? Number.POSITIVE_INFINITY,
    ...certified.flatMap(({ from }) => (from === null ? [] : [from.getTime()])),
    end - DAY_MS,
  );
  const x = (at: number): number =>
    Math.round((Math.min(Math.max(at, start), end) - start) * (WIDTH / (end - start)) * 10) / 10;
  const spans = certified.map(({ from, to }) => ({ from: x(from?.getTime() ?? start), to: x(to.getTime()) }));
  const share = spans.reduce((sum, { from, to }) => sum + to - from, 0) / WIDTH;
  const since = oldest === null ? '' : ` since ${oldest.toISOString().slice(0, 10)}`;
  const said = certified.length === 0 ? 'nothing is certified' : `${percent(share)} of the time${since} is certified`;
  return html`<svg class="coverage" viewBox="0 0 ${WIDTH} 10" preserveAspectRatio="none" role="img" aria-label="${said}"><title>${said}</title><rect class="open" width="${WIDTH}" height="10"/>${spans.map(
    ({ from, to }) => html`<rect class="certified" x="${from}" width="${Math.max(4, to - from)}" height="10"/>`,
  )}</svg>`;
}

/** Only all of it is 100 %. */
export function percent(share: number): string {
  if (share >= 1) return '100 %';
  return `${Math.min(99.9, Math.floor(share * 1_000) / 10)} %`;
}
