// Requests per minute against the limit over the last hour, as a picture.
import type { MinuteOfRequests } from '../../db/requests-per-minute.js';
import { counted, inThousands } from '../../words.js';
import { type Html, html } from '../html.js';

const BAR = 10;
const GAP = 2;
const HEIGHT = 100;
/** The limit's line does not lie on the upper edge. */
const HEADROOM = 1.12;

export function budgetChart(minutes: readonly MinuteOfRequests[], perMinute: number): Html {
  const most = Math.max(...minutes.map(({ requests }) => requests), 0);
  const top = Math.max(perMinute, most) * HEADROOM;
  const y = (n: number): number => round((n / top) * HEIGHT);
  const width = minutes.length * BAR;
  const bars = minutes.map(({ minute, requests, rejected }, i) => {
    const x = i * BAR + GAP / 2;
    const said = `${minute.toISOString().slice(11, 16)} UTC: ${counted(requests, 'request')}${rejected > 0 ? `, ${rejected} answered with 429` : ''}`;
    // A minute with one request of a thousand is still a bar.
    const height = requests === 0 ? 0 : Math.max(1.5, y(requests));
    const red = rejected === 0 ? 0 : Math.max(6, y(rejected));
    return html`<g><title>${said}</title><rect class="nothing" x="${i * BAR}" y="0" width="${BAR}" height="${HEIGHT}"/>${
      requests > 0 &&
      html`<rect class="bar" x="${x}" y="${round(HEIGHT - height)}" width="${BAR - GAP}" height="${height}"/>`
    }${
      rejected > 0 &&
      html`<rect class="rejected" x="${x}" y="${round(HEIGHT - Math.max(height, red))}" width="${BAR - GAP}" height="${red}"/>`
    }</g>`;
  });
  const limitAt = round(HEIGHT - y(perMinute));
  return html`<figure class="chart">
<svg viewBox="0 0 ${width} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${summaryOf(minutes, perMinute)}">
${bars}<line class="limit" x1="0" x2="${width}" y1="${limitAt}" y2="${limitAt}"/>
</svg>
<figcaption><span>an hour ago</span><span>now</span><span class="keys"><span class="key"><i class="swatch limit"></i>limit: ${inThousands(Math.round(perMinute))} a minute</span>${
    minutes.some(({ rejected }) => rejected > 0) &&
    html`<span class="key"><i class="swatch rejected"></i>answered with 429</span>`
  }</span></figcaption>
</figure>`;
}

/** What somebody who does not see the picture is told. */
export function summaryOf(minutes: readonly MinuteOfRequests[], perMinute: number): string {
  const total = minutes.reduce((sum, { requests }) => sum + requests, 0);
  const most = Math.max(...minutes.map(({ requests }) => requests), 0);
  const rejected = minutes.reduce((sum, minute) => sum + minute.rejected, 0);
  const refusals = rejected === 0 ? 'none was answered with 429' : `${inThousands(rejected)} answered with 429`;
  return `Requests per minute over the last hour: ${inThousands(total)} in all, at most ${inThousands(most)} in a minute; the limit is ${inThousands(Math.round(perMinute))}; ${refusals}.`;
}

const round = (n: number): number => Math.round(n * 100) / 100;
