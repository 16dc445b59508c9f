// What a test leaves behind is removed at its end, or at the end of its file, whichever helper made it. Modules are
// shared by the test files of a process, so a hook in one of them would run for the first file only: here they run for
// every file.
import { afterAll, afterEach } from 'vitest';

type CleanUp = () => unknown;
const ofTest = new Set<CleanUp>();
const ofFile = new Set<CleanUp>();

/** Runs once, at the end of the test, the last first. @returns takes it back */
export const atEndOfTest = (cleanUp: CleanUp): (() => void) => added(ofTest, cleanUp);

/** Runs once, at the end of the test file, the last first. @returns takes it back */
export const atEndOfFile = (cleanUp: CleanUp): (() => void) => added(ofFile, cleanUp);

/** For the setup file of all tests. */
export function installCleanUp(): void {
  afterEach(() => cleanUpAll(ofTest));
  afterAll(() => cleanUpAll(ofFile));
}

function added(all: Set<CleanUp>, cleanUp: CleanUp): () => void {
  all.add(cleanUp);
  return () => void all.delete(cleanUp);
}

async function cleanUpAll(all: Set<CleanUp>): Promise<void> {
  for (const cleanUp of [...all].reverse()) {
    all.delete(cleanUp);
    await cleanUp();
  }
}
