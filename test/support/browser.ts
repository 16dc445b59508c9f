// A real browser for tests of the pages. Without one these tests fail and say how to get it: they are never skipped.
import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

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

/** @throws with how to get a browser when there is none */
export function openBrowser(): Promise<Browser> {
  const given = process.env.CHROMIUM_PATH;
  const executablePath = given ?? PLACES.find((place) => existsSync(place));
  if (executablePath === undefined || !existsSync(executablePath)) {
    throw new Error(
      `These tests need Chromium, and ${given === undefined ? `it is in none of ${PLACES.join(', ')}` : `CHROMIUM_PATH (${given}) does not exist`}. Install it (Debian: apt-get install chromium), or set CHROMIUM_PATH.`,
    );
  }
  return chromium.launch({ executablePath, args: QUIET });
}
