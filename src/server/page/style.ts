// How the pages look. System fonts, two schemes of colour by the reader's own setting, one column on a phone. Colours
// mean something: green is proved, amber wants a look, red wants hands, blue is under way.
export const STYLE = `
:root {
  color-scheme: light dark;
  --text: #1c1e21; --faint: #5b6068; --back: #f5f5f2; --card: #ffffff; --line: #e2e2dc; --field: #8d929a;
  --accent: #8a5a00; --on-accent: #ffffff; --link: #7a4f00;
  --good: #1d7a46; --warn: #9a5b00; --bad: #b3261e; --busy: #1a63b8; --calm: #6b7079;
  --good-back: #d9eee1; --warn-back: #fdf0d8; --bad-back: #fdeae8; --bar: #d39a2d; --track: #eceae4;
  --shadow: 0 1px 2px rgb(0 0 0 / 0.05);
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #e8eaed; --faint: #a3a8b0; --back: #131517; --card: #1c1f22; --line: #2e3237; --field: #747a83;
    --accent: #f0b429; --on-accent: #1c1400; --link: #f2c14e;
    --good: #62c98d; --warn: #f0b429; --bad: #ff8a80; --busy: #7db5f5; --calm: #a3a8b0;
    --good-back: #1d3527; --warn-back: #352a12; --bad-back: #3a1f1d; --bar: #c38f26; --track: #2a2e33;
    --shadow: none;
  }
}
* { box-sizing: border-box; }
html { scrollbar-gutter: stable; }
body { margin: 0; background: var(--back); color: var(--text); font: 15px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; -webkit-text-size-adjust: 100%; }
.top, main, footer { max-width: 78rem; margin: 0 auto; padding: 0 1.25rem; }
main { padding-top: 0.5rem; padding-bottom: 2rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 1rem 0 0.75rem; letter-spacing: -0.01em; }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 0; letter-spacing: -0.01em; }
h3, .card h2 { font-size: 0.95rem; font-weight: 650; margin: 0 0 0.6rem; letter-spacing: 0; }
p { margin: 0 0 0.6rem; }
a { color: var(--link); text-decoration-thickness: 1px; text-underline-offset: 2px; text-decoration-color: color-mix(in srgb, currentColor 40%, transparent); }
a:hover { text-decoration-color: currentColor; }
code { font: 0.9em ui-monospace, 'SF Mono', Menlo, Consolas, monospace; overflow-wrap: anywhere; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
.faint { color: var(--faint); font-weight: 400; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.skip { position: absolute; left: 1rem; top: -4rem; background: var(--card); padding: 0.5rem 1rem; border-radius: 0.4rem; }
.skip:focus { top: 0.5rem; }

.top { display: flex; align-items: center; flex-wrap: wrap; gap: 0.25rem 1.5rem; padding-top: 0.9rem; padding-bottom: 0.6rem; }
.brand { display: flex; align-items: center; gap: 0.5rem; font-weight: 700; color: inherit; text-decoration: none; }
.brand path { fill: #d18a00; }
.top nav { display: flex; flex-wrap: wrap; gap: 0.1rem 0.25rem; margin-left: -0.6rem; }
.top nav a, .tabs a { color: var(--faint); text-decoration: none; padding: 0.3rem 0.6rem; border-radius: 0.4rem; }
.top nav a:hover, .tabs a:hover { color: var(--text); background: var(--track); }
.top nav a[aria-current], .tabs a[aria-current] { color: var(--text); font-weight: 600; background: var(--track); }
.top form { margin-left: auto; }
.tabs { display: flex; flex-wrap: wrap; gap: 0.25rem; margin: 0 0 0.75rem -0.6rem; }
footer { color: var(--faint); font-size: 0.85rem; padding-bottom: 2rem; }
#connection { color: var(--bad); }

.message { background: var(--good-back); border-radius: 0.6rem; padding: 0.6rem 1rem; }
.notice { border-radius: 0.6rem; padding: 0.8rem 1rem; margin: 0 0 1rem; border-left: 4px solid; }
.notice.bad { background: var(--bad-back); border-color: var(--bad); }
.notice.warn { background: var(--warn-back); border-color: var(--warn); }
.notice h3 { font-size: 1.1rem; margin-bottom: 0.3rem; color: var(--bad); }
.notice p:last-child, .notice ol { margin: 0; }
.notice ol { padding-left: 1.3rem; }

.account { margin: 0.75rem 0 2.5rem; }
.account > header { display: flex; flex-wrap: wrap; justify-content: space-between; align-items: end; gap: 0.75rem 1.5rem; margin-bottom: 1rem; }
.headline { margin: 0.2rem 0 0; }
h1 + .headline { margin: -0.4rem 0 1rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 0.75rem; box-shadow: var(--shadow); padding: 1rem 1.15rem; margin: 0 0 1rem; min-width: 0; }
.card > :last-child { margin-bottom: 0; }
.columns { display: grid; grid-template-columns: minmax(0, 1.75fr) minmax(0, 1fr); gap: 0 1rem; align-items: start; }
.columns > .budget { align-self: stretch; display: flex; flex-direction: column; margin-bottom: 1rem; }
.budget .chart { flex: 1; display: flex; flex-direction: column; }
.columns.even { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); align-items: stretch; }
.more { margin: 0.75rem 0 0; font-size: 0.9rem; }
.sum { margin-bottom: 0.5rem; }
.between { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0.5rem 1rem; margin-bottom: 0.5rem; }
.between .sum { margin: 0; }

.state { display: inline-flex; align-items: baseline; gap: 0.45rem; }
.state::before { content: ''; flex: none; width: 0.6rem; height: 0.6rem; border-radius: 50%; background: var(--calm); align-self: flex-start; margin-top: 0.45em; }
.state.good::before { background: var(--good); }
.state.warn::before { background: var(--warn); border-radius: 2px; transform: rotate(45deg); }
.state.bad::before { background: var(--bad); border-radius: 1px; }
.state.busy::before { background: none; border: 2px solid var(--busy); }
.state.calm::before { background: none; border: 2px solid var(--calm); }
.headline .state { font-size: 1.05rem; }
.bad:not(.notice):not(.state) { color: var(--bad); font-weight: 600; }

table { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: 0.45rem 0.75rem 0.45rem 0; vertical-align: top; border-top: 1px solid var(--line); }
thead th { border-top: 0; padding-top: 0; color: var(--faint); font-size: 0.82rem; font-weight: 500; white-space: nowrap; }
tbody th { font-weight: 600; }
th:last-child, td:last-child { padding-right: 0; }
.n { text-align: right; }
td.n, time, td[data-label=mode] { white-space: nowrap; }
.reason, .errors { color: var(--faint); font-size: 0.9rem; overflow-wrap: anywhere; }
.certified { display: flex; flex-wrap: wrap; gap: 0.15rem 0.75rem; }
.certified .newest, .certified > .bad { flex: 1 0 100%; }
.coverage { flex: 1 0 100%; display: block; width: 100%; min-width: 0; height: 5px; border-radius: 3px; }
.coverage .open { fill: var(--track); }
.coverage rect.certified { fill: var(--good); }
.coverage rect.newest { fill: var(--good); opacity: 0.45; }

.chart { margin: 0; }
.chart svg { display: block; width: 100%; flex: 1 1 8rem; min-height: 8rem; height: 8rem; border-bottom: 1px solid var(--field); }
.nothing { fill: transparent; }
g:hover > .nothing, a:hover > .nothing { fill: var(--track); }
.chart .bar { fill: var(--bar); }
.rejected { fill: var(--bad); }
.chart line.limit { stroke: var(--text); stroke-width: 1.5; stroke-dasharray: 5 4; vector-effect: non-scaling-stroke; opacity: 0.65; }
figcaption { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0.1rem 1rem; color: var(--faint); font-size: 0.82rem; margin-top: 0.35rem; }
.keys { flex: 1 0 100%; display: flex; flex-wrap: wrap; gap: 0 1.25rem; }
.key { display: inline-flex; align-items: center; gap: 0.4rem; }
.swatch { width: 0.8rem; height: 0.6rem; border-radius: 2px; background: var(--bad); }
.swatch.limit { height: 0; background: none; border-top: 2px dashed var(--faint); border-radius: 0; width: 1.2rem; }

.outcomes { display: block; max-width: 100%; margin-bottom: 0.75rem; }
.outcomes .good { fill: var(--good); } .outcomes .warn { fill: var(--warn); } .outcomes .bad { fill: var(--bad); }
.outcomes .busy { fill: var(--busy); } .outcomes .calm { fill: var(--calm); }

.running { border-left: 4px solid var(--busy); }
.bars { list-style: none; margin: 0; padding: 0; display: grid; gap: 0.4rem 1rem; grid-template-columns: max-content minmax(4rem, 1fr) max-content; }
.bars li { display: contents; }
.bars .number { text-align: right; color: var(--faint); font-variant-numeric: tabular-nums; }
progress { appearance: none; width: 100%; height: 0.6rem; border: 0; border-radius: 0.3rem; background: var(--track); overflow: hidden; align-self: center; color: var(--busy); }
progress::-webkit-progress-bar { background: var(--track); border-radius: 0.3rem; }
progress::-webkit-progress-value { background: var(--busy); border-radius: 0.3rem; transition: width 0.4s; }
progress::-moz-progress-bar { background: var(--busy); border-radius: 0.3rem; }
.over.certified progress::-webkit-progress-value { background: var(--good); } .over.certified progress::-moz-progress-bar { background: var(--good); }
.over.uncertified progress::-webkit-progress-value { background: var(--warn); } .over.uncertified progress::-moz-progress-bar { background: var(--warn); }
.over.failed progress::-webkit-progress-value { background: var(--bad); } .over.failed progress::-moz-progress-bar { background: var(--bad); }
@media (prefers-reduced-motion: reduce) { progress::-webkit-progress-value { transition: none; } }

ul.letters { list-style: none; margin: 0; padding: 0; }
ul.letters li { display: grid; grid-template-columns: 1fr auto; gap: 0 1rem; padding: 0.4rem 0; border-top: 1px solid var(--line); }
ul.letters .errors { grid-column: 1; grid-row: 2; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; min-width: 0; }
ul.errors { margin: 0 0 1rem; padding-left: 1.2rem; color: inherit; font-size: inherit; }
.facts { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: 0.3rem 1.25rem; margin: 0; }
.facts dt { color: var(--faint); } .facts dd { margin: 0; overflow-wrap: anywhere; }
summary { cursor: pointer; font-weight: 650; }
pre { margin: 0.75rem 0 0; padding: 0.75rem; background: var(--back); border-radius: 0.5rem; overflow: auto; max-height: 34rem; white-space: pre-wrap; overflow-wrap: anywhere; font: 0.85rem/1.45 ui-monospace, 'SF Mono', Menlo, Consolas, monospace; }

button, .button { display: inline-block; padding: 0.4rem 0.85rem; font: inherit; font-weight: 600; line-height: 1.4; color: var(--text); background: var(--card); border: 1px solid var(--field); border-radius: 0.45rem; text-decoration: none; cursor: pointer; white-space: nowrap; }
button:hover, .button:hover { background: var(--track); }
button.main { color: var(--on-accent); background: var(--accent); border-color: var(--accent); }
button.main:hover { filter: brightness(1.08); }
button.quiet { border-color: transparent; background: none; color: var(--faint); font-weight: 400; padding: 0.3rem 0.6rem; }
.actions { display: flex; flex-wrap: wrap; gap: 0.5rem; }
label { font-weight: 600; }
input:not([type=checkbox], [type=radio], [type=hidden]), select { display: block; width: 100%; margin-top: 0.2rem; padding: 0.45rem 0.6rem; font: inherit; font-weight: 400; color: inherit; background: var(--back); border: 1px solid var(--field); border-radius: 0.45rem; }
input[type=checkbox], input[type=radio] { accent-color: var(--accent); width: 1.05rem; height: 1.05rem; margin: 0.2rem 0 0; flex: none; }
fieldset { border: 0; padding: 0; margin: 0; min-width: 0; }
legend { font-weight: 650; padding: 0; margin-bottom: 0.3rem; }
.form { display: grid; gap: 1.1rem; max-width: 46rem; align-content: start; }
.form h2, .form p { margin: 0; }
.choice { display: flex; gap: 0.55rem; align-items: start; padding: 0.15rem 0; font-weight: 400; }
.choices { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: 0 1rem; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 0.3rem 1rem; }
.pair legend, .pair p { grid-column: 1 / -1; }
.filters { display: flex; flex-wrap: wrap; gap: 0.6rem 1rem; align-items: end; margin-bottom: 1rem; }
.filters select { min-width: 9rem; }
.filters .choice { padding-bottom: 0.45rem; }
.pager { display: flex; gap: 1rem; align-items: center; }

@media (max-width: 68rem) { .columns, .columns.even { grid-template-columns: minmax(0, 1fr); gap: 0; } .columns.even { gap: 0; } }
@media (max-width: 40rem) {
  body { font-size: 16px; }
  .top, main, footer { padding-left: 0.9rem; padding-right: 0.9rem; }
  .card { padding: 0.85rem 0.9rem; }
  .actions form, .actions .button { flex: 1 1 auto; text-align: center; }
  .actions form button { width: 100%; }
  table.cards, .cards tbody, .cards tr, .cards th, .cards td { display: block; }
  .cards thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  .cards tr { border-top: 1px solid var(--line); padding: 0.6rem 0; }
  .cards tbody tr:first-child { border-top: 0; padding-top: 0; }
  .cards tr:last-child { padding-bottom: 0; }
  .cards th, .cards td { border: 0; padding: 0.05rem 0; }
  .cards td { position: relative; padding-left: 9rem; text-align: left; min-height: 1.6rem; }
  .cards td::before { content: attr(data-label); color: var(--faint); position: absolute; left: 0; width: 8.5rem; line-height: 1.3; padding-top: 0.1rem; }
  .collections tbody tr { display: grid; grid-template-columns: repeat(3, 1fr); gap: 0.1rem 0.5rem; }
  .collections th { grid-column: 1 / -1; }
  .collections td { padding: 0; }
  .collections td::before, .windows td.n::before { position: static; display: block; width: auto; font-size: 0.82rem; padding: 0; }
  .collections td.proof { grid-column: 1 / -1; grid-row: 3; }
  .runs tbody tr { display: grid; grid-template-columns: 1fr auto; gap: 0 0.75rem; }
  .runs tbody th { grid-column: 1; } .runs tbody th::before { content: 'Run '; color: var(--faint); font-weight: 400; }
  .runs td { padding: 0; min-height: 0; } .runs td::before { display: none; }
  .runs td[data-label=started] { grid-column: 2; grid-row: 1; text-align: right; }
  .runs td[data-label=took] { grid-column: 2; grid-row: 2; text-align: right; color: var(--faint); }
  .runs td[data-label=outcome] { grid-column: 1 / -1; }
  .windows tbody tr { display: grid; grid-template-columns: repeat(5, 1fr); gap: 0.1rem 0.5rem; }
  .windows tbody th, .windows td:not(.n) { grid-column: 1 / -1; }
  .windows td { padding: 0; } .windows td:not(.n)::before { display: none; }
  .top { gap: 0.1rem 1rem; } .top nav a { padding: 0.3rem 0.4rem; font-size: 0.92rem; } .top nav { order: 3; flex-basis: 100%; margin-left: -0.4rem; }
  button, .button { padding: 0.4rem 0.5rem; font-size: 0.92rem; }
  .bars { grid-template-columns: 1fr auto; }
  .bars progress { grid-column: 1 / -1; margin-bottom: 0.35rem; }
  .bars .name { grid-row: auto; }
  .bars li { display: grid; grid-template-columns: subgrid; grid-column: 1 / -1; align-items: baseline; }
  .records { display: none; }
  .bars .number { grid-row: 1; grid-column: 2; font-size: 0.9rem; }
  .pair { grid-template-columns: 1fr; }
  .filters label { flex: 1 1 8rem; }
  .facts { grid-template-columns: 1fr; gap: 0; } .facts dd { margin-bottom: 0.5rem; }
}
`;
