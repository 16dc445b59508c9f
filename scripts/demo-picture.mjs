// Records the demo for the README: the real `npm run demo` in a terminal of 80 columns, as docs/images/demo.svg.
// Run it after a change of what the demo prints, and look at what it made:  node scripts/demo-picture.mjs
// It needs tmux, which is the terminal. Changed in what was shown: the folder, and waiting.
import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const root = path.resolve(import.meta.dirname, '..');
const COLUMNS = 80;
const ROWS = 160;
const LAST_WORDS = 'docs/analysts.md';
/** The second page begins here: what came before stays the picture for those who see no animation. */
const SECOND_PAGE = /^How did sales/;
const LONGEST_WAIT_S = 0.8;
const PAGE_S = 8;
const MOST_FRAMES = 16;
/** How a terminal is told of bold (1), dim (2) and neither (0); the demo has no colours. */
const SGR = '\u001b\\[([012;]*)m';
const OTHER_SGR = '\u001b\\[(?:39|49)m';

const scratch = mkdtempSync(path.join(tmpdir(), 'demo-picture-'));
const place = path.join(scratch, 'hive-sync');
try {
  const screens = await record();
  writeFileSync(path.join(root, 'docs/images/demo.svg'), svgOf(screens));
  console.log(`docs/images/demo.svg, from ${screens.length} screens`);
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

/** The demo as a newcomer sees it, in a copy that has never run it. @returns each different screen, and when it came */
async function record() {
  // PostgreSQL does not run as root; the user that it takes instead must get in.
  chmodSync(scratch, 0o755);
  mkdirSync(place);
  for (const part of ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'src', 'migrations', 'dist'])
    cpSync(path.join(root, part), path.join(place, part), { recursive: true });
  symlinkSync(path.join(root, 'node_modules'), path.join(place, 'node_modules'));
  const tmux = (...args) =>
    execFileSync('tmux', ['-L', path.basename(scratch), '-f', '/dev/null', ...args], { encoding: 'utf8', cwd: place });
  const shell = `PS1='$ ' HISTFILE= sh`;
  tmux('new-session', '-d', '-x', String(COLUMNS), '-y', String(ROWS), shell);
  try {
    await sleep(500);
    tmux('send-keys', 'npm run demo', 'Enter');
    const startedAt = performance.now();
    const screens = [];
    for (;;) {
      const shown = tmux('capture-pane', '-p', '-e', '-J').trimEnd();
      const lines = withStyles(shown).flatMap(wrapped);
      const at = (performance.now() - startedAt) / 1_000;
      if (screens.at(-1)?.lines.join('\n') !== lines.join('\n')) screens.push({ at, lines });
      if (lines.some((line) => line.includes(LAST_WORDS))) return screens;
      if (at > 180) throw new Error(`the demo did not end:\n${lines.join('\n')}`);
      await sleep(100);
    }
  } finally {
    tmux('kill-server');
  }
}

/** tmux says what changes, over the ends of lines; here each line begins with the style that it is in. */
function withStyles(shown) {
  let style = '';
  const lines = shown.replace(new RegExp(OTHER_SGR, 'g'), '').split('\n');
  return lines.map((line) => {
    const before = style;
    for (const [code] of line.matchAll(new RegExp(SGR, 'g'))) style = code;
    return `${before}${line}`;
  });
}

/** Lines come whole; as the folder has another length here, they are broken here as the terminal would. */
function wrapped(line) {
  const text = line.trimEnd().replaceAll(scratch, '/home/you');
  return plain(text).length > COLUMNS ? (plain(text).match(new RegExp(`.{1,${COLUMNS}}`, 'gu')) ?? ['']) : [text];
}

function svgOf(screens) {
  const last = screens.at(-1).lines.filter((line) => plain(line).trim() !== '$');
  const cut = last.findIndex((line) => SECOND_PAGE.test(plain(line)));
  if (cut < 0) throw new Error('the demo asks other questions than this picture expects');
  const beforeTheEnd = screens.slice(0, -1).filter(({ lines }) => lines.length <= cut);
  const moving = thinned(beforeTheEnd);
  const frames = [
    ...moving.map(({ at, lines }, i) => ({
      lines,
      s: Math.min(LONGEST_WAIT_S, (moving[i + 1]?.at ?? at + LONGEST_WAIT_S) - at),
    })),
    { lines: last.slice(0, cut).join('\n').trimEnd().split('\n'), s: PAGE_S },
    { lines: last.slice(cut), s: PAGE_S },
  ];
  const rows = Math.max(...frames.map(({ lines }) => lines.length));
  const [width, height] = [COLUMNS * 8 + 32, rows * 17 + 32];
  const { texts, keyframes } = drawn(frames);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" xml:space="preserve" role="img" aria-label="npm run demo: six collections are read and certified, then SQL is asked">
<style>
rect{fill:#f6f8fa;stroke:#d0d7de}
text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#1f2328;white-space:pre}
.b{font-weight:700}.d{fill:#59636e}.hidden{opacity:0}
@media (prefers-color-scheme:dark){rect{fill:#0d1117;stroke:#3d444d}text{fill:#e6edf3}.d{fill:#9198a1}}
@media (prefers-reduced-motion:no-preference){
${keyframes.join('\n')}
}
</style>
<rect x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="8"/>
${texts.join('\n')}
</svg>
`;
}

function thinned(screens) {
  const every = Math.ceil(screens.length / MOST_FRAMES);
  return screens.filter((_, i) => i % every === 0 || i === screens.length - 1);
}

/** A row is drawn once for as long as it stays the same; an animation shows it for that time. */
function drawn(frames) {
  const total = frames.reduce((sum, { s }) => sum + s, 0);
  const from = frames.map((_, i) => frames.slice(0, i).reduce((sum, { s }) => sum + s, 0));
  const rest = frames.length - 2;
  const texts = [];
  const keyframes = new Map();
  const rows = Math.max(...frames.map(({ lines }) => lines.length));
  for (let row = 0; row < rows; row++) {
    for (let first = 0, end = 1; first < frames.length; first = end++) {
      const line = frames[first].lines[row] ?? '';
      while (end < frames.length && (frames[end].lines[row] ?? '') === line) end++;
      if (plain(line).trim() === '') continue;
      const name = `f${first}-${end}`;
      const percent = (frame) => `${((100 * (from[frame] ?? total)) / total).toFixed(2)}%`;
      const begins = first === 0 ? '0%{opacity:1}' : `0%{opacity:0}${percent(first)}{opacity:1}`;
      const ends = end === frames.length ? '' : `${percent(end)}{opacity:0}`;
      keyframes.set(
        name,
        `@keyframes ${name}{${begins}${ends}}.${name}{animation:${name} ${total.toFixed(2)}s step-end infinite}`,
      );
      const isAtRest = first <= rest && rest < end;
      const length = [...plain(line).trimEnd()].length * 8;
      texts.push(
        `<text x="16" y="${row * 17 + 28}" textLength="${length}" lengthAdjust="spacingAndGlyphs" class="${name}${isAtRest ? '' : ' hidden'}">${styledParts(line.trimEnd())}</text>`,
      );
    }
  }
  return { texts, keyframes: [...keyframes.values()] };
}

function plain(line) {
  return line.replace(new RegExp(SGR, 'g'), '');
}

function styledParts(line) {
  let style = '';
  return line
    .split(new RegExp(SGR))
    .map((part, i) => {
      if (i % 2 === 1) {
        style = part.endsWith('1') ? 'b' : part.endsWith('2') ? 'd' : '';
        return '';
      }
      const text = part.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
      return text === '' || style === '' ? text : `<tspan class="${style}">${text}</tspan>`;
    })
    .join('');
}
