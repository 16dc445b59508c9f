// The time of a collection from its oldest record to now as a picture: what was read whole, and what was read of its newest
// part only. In words it says as of when, as nothing is true of now.
import type { Coverage } from '../../db/coverage.js';
import { inUtc } from '../../words.js';
import { type Html, html } from '../html.js';

const WIDTH = 1_000;
const DAY_MS = 86_400_000;

export function coverageBar(coverage: Coverage, now: Date): Html {
  const { oldest, certified, newUpTo } = coverage;
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
  const said = coverageInWords(coverage, share);
  const newest = newestPart(coverage);
  return html`<svg class="coverage" viewBox="0 0 ${WIDTH} 10" preserveAspectRatio="none" role="img" aria-label="${said}"><title>${said}</title><rect class="open" width="${WIDTH}" height="10"/>${
    newest !== undefined &&
    newUpTo !== null &&
    html`<rect class="newest" x="${x(newest.getTime())}" width="${Math.max(4, x(newUpTo.getTime()) - x(newest.getTime()))}" height="10"/>`
  }${spans.map(
    ({ from, to }) => html`<rect class="certified" x="${from}" width="${Math.max(4, to - from)}" height="10"/>`,
  )}</svg>`;
}

/** Where the part begins of which only new records are proved; undefined = there is none. */
const newestPart = ({ wholeAsOf, newUpTo }: Coverage): Date | undefined =>
  wholeAsOf !== null && newUpTo !== null && newUpTo > wholeAsOf ? wholeAsOf : undefined;

function coverageInWords(coverage: Coverage, share: number): string {
  const { oldest, wholeAsOf, newUpTo, certified } = coverage;
  if (wholeAsOf !== null) {
    const newer =
      newestPart(coverage) === undefined || newUpTo === null
        ? ''
        : `; after that only new records, up to ${inUtc(newUpTo)}`;
    return `the whole list is certified as of ${inUtc(wholeAsOf)}${newer}`;
  }
  if (certified.length === 0) {
    return newUpTo === null ? 'nothing is certified' : `only new records are proved, up to ${inUtc(newUpTo)}`;
  }
  const since = oldest === null ? '' : ` since ${oldest.toISOString().slice(0, 10)}`;
  return `${percent(share)} of the time${since} is certified, each part as of when it was read; the whole list never was`;
}

/** Only all of it is 100 %. */
export function percent(share: number): string {
  if (share >= 1) return '100 %';
  return `${Math.min(99.9, Math.floor(share * 1_000) / 10)} %`;
}
