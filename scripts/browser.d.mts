// What TypeScript, in which the tests are written, has to know of browser.mjs.
import type { Browser } from 'playwright-core';

/** What is needed where there is none, for a sentence. */
export const BROWSER_NEEDED: string;

export function hasBrowser(): boolean;

/** @param args more flags of Chromium. @throws with what is needed when there is none */
export function openBrowser(args?: readonly string[]): Promise<Browser>;
