// The browser of the tests and of the pictures: the one that `npm ci` brings (@sparticuz/chromium, Linux on x64), unpacked
// once. On other systems, or with CHROMIUM_PATH, it is one that is installed.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { chromium } from 'playwright-core';

const root = path.resolve(import.meta.dirname, '..');
const require = createRequire(import.meta.url);

/** Where systems put theirs. */
const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

const QUIET = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export const BROWSER_NEEDED = 'a Chromium (apt-get install chromium, or CHROMIUM_PATH)';

const isBrought = process.platform === 'linux' && process.arch === 'x64';

/** undefined = none is here, neither of the package nor of the system. */
const installed = () => process.env.CHROMIUM_PATH ?? PLACES.find((place) => existsSync(place));

export const hasBrowser = () => isBrought || existsSync(installed() ?? '');

/** @throws with what is needed when there is none */
export function openBrowser(args = []) {
  if (!hasBrowser()) throw new Error(`There is no browser. This needs ${BROWSER_NEEDED}.`);
  const usesOwn = process.env.CHROMIUM_PATH === undefined && isBrought;
  return chromium.launch({ ...(usesOwn ? unpacked() : { executablePath: installed() }), args: [...QUIET, ...args] });
}

/** The packed browser with the libraries that a bare machine lacks, and a font, so that it looks the same everywhere. */
function unpacked() {
  const place = path.dirname(require.resolve('@sparticuz/chromium'));
  const { version } = JSON.parse(readFileSync(path.resolve(place, '../../package.json'), 'utf8'));
  const cache = path.join(root, 'node_modules/.cache');
  const folder = path.join(cache, `chromium-${version}`);
  if (!existsSync(folder)) unpack(cache, folder);
  return {
    executablePath: path.join(folder, 'chromium'),
    env: {
      ...process.env,
      LD_LIBRARY_PATH: path.join(folder, 'al2023/lib'),
      FONTCONFIG_FILE: path.join(folder, 'fonts.conf'),
    },
  };
}

/** Beside its place first: a folder that is there is whole, and of two processes that do it at once one is first. */
function unpack(cache, folder) {
  mkdirSync(cache, { recursive: true });
  const half = mkdtempSync(path.join(cache, 'unpacking-'));
  try {
    // The package unpacks into the folder for temporary files, which all users of a machine share, and its libraries only
    // where it believes to be at Amazon.
    const script = `import chromium from '@sparticuz/chromium'; await chromium.executablePath();`;
    execFileSync(process.execPath, ['--input-type=module', '--eval', script], {
      cwd: root,
      env: { TMPDIR: half, AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs20.x' },
      stdio: ['ignore', 'inherit', 'inherit'],
    });
    writeFileSync(path.join(half, 'fonts.conf'), fontsOf(folder));
    renameSync(half, folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(half, { recursive: true, force: true });
  }
}

/** Its own font comes first; what the system has fills in where that one has no letter. */
function fontsOf(folder) {
  const preferred = ['sans-serif', 'system-ui'].map(
    (family) => `<alias binding="strong"><family>${family}</family><prefer><family>Open Sans</family></prefer></alias>`,
  );
  const folders = [`${folder}/fonts/fonts`, '/usr/share/fonts'].map((dir) => `<dir>${dir}</dir>`);
  const cache = `<cachedir>${folder}/fonts-cache</cachedir>`;
  const lines = ['<fontconfig>', ...folders, cache, ...preferred, '</fontconfig>'];
  return ['<?xml version="1.0"?>', '<!DOCTYPE fontconfig SYSTEM "fonts.dtd">', ...lines, ''].join('\n');
}
