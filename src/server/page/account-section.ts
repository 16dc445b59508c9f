// One account on the status page: what is wrong first, then what is under way, then how true the tables are.
import { whatOf } from '../../db/dead-letters.js';
import { counted, differenceInWords, inThousands, inUtc, inWords } from '../../words.js';
import { type Html, html } from '../html.js';
import { budgetChart } from './budget-chart.js';
import { coverageBar } from './coverage-bar.js';
import { type Freshness, freshnessOf, wholeFreshnessOf } from './freshness.js';
import { headline } from './headline.js';
import { ago, instant, runProgress, state, type Tone } from './marks.js';
import { type AccountView, type CollectionView, type RunUnderWay, WEBHOOK_HOURS } from './read-account.js';
import { outcomeStrip, runTable } from './run-table.js';

export interface SectionOptions {
  readonly now: Date;
  /** How often an incremental run begins; undefined = none does by itself. */
  readonly everyMs: number | undefined;
  readonly windowMs: number;
  /** Name of the variable that holds the account's key. */
  readonly keyVariable: string;
  readonly tokenField: Html;
}

const LAST_IN_TABLE = 8;

export function accountSection(view: AccountView, options: SectionOptions): Html {
  const { label } = view;
  const { tone, sentence } = headline(view, options);
  return html`<section class="account" id="account-${label}" aria-labelledby="heading-${label}">
<header>
<div>
<h2 id="heading-${label}"><span class="faint">Account</span> ${label}</h2>
<p class="headline">${state(tone, sentence)}</p>
</div>
${startButtons(label, options.tokenField)}
</header>
${view.budget.haltedAt !== null && haltNotice(view, options)}
${view.underWay.map(runCard)}
<div class="columns">
${collectionsCard(view, options)}
${budgetCard(view, options)}
</div>
<div class="columns">
${runsCard(view, options)}
<div class="stack">
${lettersCard(view, options)}
${view.webhooks.length > 0 && webhooksCard(view, options)}
</div>
</div>
</section>`;
}

function startButtons(label: string, token: Html): Html {
  const button = (mode: string, text: string, hint: string) => html`<form method="post" action="/runs">${token}
<input type="hidden" name="account" value="${label}"><input type="hidden" name="mode" value="${mode}">
<button title="${hint}">${text}</button></form>`;
  return html`<div class="actions">
${button('incremental', 'Sync now', 'An incremental run: what is new, and what may have changed')}
${button('full', 'Full sync', 'Reads everything from end to end, certifies it, and finds deletions')}
<a class="button" href="/runs/new?account=${encodeURIComponent(label)}">Backfill …</a>
</div>`;
}

function haltNotice({ budget, label }: AccountView, { keyVariable }: SectionOptions): Html {
  return html`<div class="notice bad" role="alert">
<h3>This account is halted</h3>
<p>The API refused the key twice${budget.haltedAt !== null && ` (${inUtc(budget.haltedAt)})`}. Each scheduled run asks with one request whether it works again; nothing else is sent.</p>
<ol><li>Put the right key into <code>${keyVariable}</code>, and check it: <code>hive-sync doctor</code>.</li>
<li>Restart the worker: it reads the key when it starts.</li>
<li>Was the key right all the time? Then <em>Sync now</em> asks the API once more. What was read of ${label} is kept.</li></ol>
</div>`;
}

const runCard = (
  run: RunUnderWay,
): Html => html`<article class="card running" id="running-${run.run}" data-running aria-labelledby="running-${run.run}-name">
<h3 id="running-${run.run}-name"><a href="/runs/${run.run}">Run ${run.run}</a> (${run.mode}) is under way</h3>
${runProgress(run, run.etaMs)}
</article>`;

const FRESHNESS_TONES: Readonly<Record<Freshness, Tone>> = { fresh: 'good', late: 'warn', stale: 'bad', never: 'calm' };

function collectionsCard({ label, collections }: AccountView, { now, everyMs }: SectionOptions): Html {
  return html`<div class="card wide">
<h3 id="collections-${label}">Collections</h3>
<table class="cards collections" aria-labelledby="collections-${label}">
<thead><tr><th scope="col">collection</th><th scope="col" class="n">rows</th><th scope="col" class="n">API count</th><th scope="col">complete as of</th><th scope="col" class="n">dead letters</th></tr></thead>
<tbody>${collections.map((one) => collectionRow(label, one, now, everyMs))}</tbody>
</table>
${collections.filter(({ losses }) => losses.rows > 0).map((one) => lossLine(one, now))}
</div>`;
}

const lossLine = ({ collection, losses }: CollectionView, now: Date): Html =>
  html`<p class="lost">${state('bad', `${collection}: ${losses.columns.join(', ')} could not be read in ${counted(losses.rows, 'row')}`)}
<span class="faint">since ${losses.since !== null && ago(losses.since, now)}; older values are kept</span></p>`;

function collectionRow(label: string, one: CollectionView, now: Date, everyMs: number | undefined): Html {
  const { certifiedUpTo, newRecordsUpTo, apiCount, apiCountAt } = one;
  const difference = differenceInWords(one.missing, apiCountAt);
  const newFreshness = freshnessOf(newRecordsUpTo, now, everyMs);
  return html`<tr>
<th scope="row">${one.collection}</th>
<td class="n" data-label="rows">${inThousands(one.rows)}</td>
<td class="n" data-label="API count">${
    apiCount === null || apiCountAt === null
      ? '–'
      : html`${inThousands(apiCount)} <div class="faint">${ago(apiCountAt, now)}</div>`
  }</td>
<td class="proof" data-label="complete as of"><div class="certified">${wholeState(certifiedUpTo, now)}${
    certifiedUpTo?.getTime() !== newRecordsUpTo?.getTime() &&
    html`<div class="newest"><span class="faint">new records up to</span> ${
      newRecordsUpTo === null
        ? 'never'
        : html`<span class="state ${FRESHNESS_TONES[newFreshness]}" title="${newFreshness}"><span class="unseen">${newFreshness}: </span>${ago(newRecordsUpTo, now)}</span>`
    }</div>`
  }${difference !== undefined && html`<span class="bad">${difference}</span>`}${coverageBar(one.coverage, now)}</div></td>
<td class="n" data-label="dead letters">${
    one.openDeadLetters === 0
      ? html`<span class="faint">0</span>`
      : html`<a class="bad" href="/dead-letters?account=${encodeURIComponent(label)}&amp;collection=${one.collection}">${inThousands(one.openDeadLetters)}</a>`
  }</td>
</tr>`;
}

function wholeState(at: Date | null, now: Date): Html {
  if (at === null) return state('calm', 'never');
  const freshness = wholeFreshnessOf(at, now);
  return html`<span class="state ${FRESHNESS_TONES[freshness]}" title="${freshness}"><span class="unseen">${freshness}: </span>${instant(at)}</span><span class="faint">${ago(at, now)}</span>`;
}

function budgetCard({ label, budget, minutes, perMinute }: AccountView, { windowMs, now }: SectionOptions): Html {
  const others = budget.others > 0 ? `, ${budget.others} by others` : '';
  const pause = (budget.blockedUntil?.getTime() ?? 0) - now.getTime();
  return html`<div class="card budget" role="group" aria-labelledby="budget-${label}">
<h3 id="budget-${label}">Budget</h3>
<p class="sum"><strong>${inThousands(budget.used)} of ${inThousands(budget.limit)}</strong> requests in the last ${windowMs / 1_000} s${others}</p>
${pause > 0 && html`<p>${state('warn', `The API asked for a pause of ${inWords(pause)}.`)}</p>`}
${budgetChart(minutes, perMinute)}
</div>`;
}

const runsCard = ({ label, lastRuns }: AccountView, { now }: SectionOptions): Html => html`<div class="card wide">
<h3 id="runs-${label}">Last runs</h3>
${
  lastRuns.length === 0
    ? html`<p class="faint">None yet.</p>`
    : html`${outcomeStrip(lastRuns, now)}${runTable(lastRuns.slice(0, LAST_IN_TABLE), now, `runs-${label}`)}
<p class="more"><a href="/runs?account=${encodeURIComponent(label)}">All runs</a></p>`
}
</div>`;

function lettersCard({ label, openLetters, newestLetters }: AccountView, { now }: SectionOptions): Html {
  const all = `/dead-letters?account=${encodeURIComponent(label)}`;
  return html`<div class="card">
<h3>Dead letters</h3>
${
  openLetters === 0
    ? html`<p>${state('good', 'None is open')}</p>`
    : html`<p class="sum"><strong>${counted(openLetters, 'open dead letter')}</strong></p>
<ul class="letters">${newestLetters.map(
        (
          letter,
        ) => html`<li id="letter-${letter.id}"><a href="/dead-letters/${letter.id}">${letter.collection}, ${whatOf(letter)}</a>
<span class="errors">${letter.errors[0] ?? letter.error_code}</span><span class="faint">${ago(letter.last_seen_at, now)}</span></li>`,
      )}</ul>`
}
<p class="more"><a href="${all}${openLetters === 0 && '&all=1'}">${openLetters === 0 ? 'Resolved ones' : 'All of them, retry, discard'}</a></p>
</div>`;
}

const WEBHOOK_TONES: Readonly<Record<string, Tone>> = { applied: 'good', dead_letter: 'bad', waiting: 'busy' };

const webhooksCard = ({ webhooks }: AccountView, { now }: SectionOptions): Html => html`<div class="card">
<h3>Webhooks in the last ${WEBHOOK_HOURS} hours</h3>
<table><thead><tr><th scope="col">outcome</th><th scope="col" class="n">deliveries</th><th scope="col">last</th></tr></thead>
<tbody>${webhooks.map(
  ({
    outcome,
    deliveries,
    lastAt,
  }) => html`<tr><th scope="row">${state(WEBHOOK_TONES[outcome] ?? 'calm', outcome.replaceAll('_', ' '))}</th>
<td class="n">${inThousands(deliveries)}</td><td class="faint">${ago(lastAt, now)}</td></tr>`,
)}</tbody></table>
</div>`;
