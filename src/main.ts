#!/usr/bin/env node
// Is this Node new enough? Asked before anything is loaded that an old one cannot read, so nothing is imported here.

/** As `engines` in package.json; its test keeps the two in step. */
const NEEDED = [20, 19] as const;

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])) {
  await import('./program.js');
} else {
  process.stderr.write(
    `Error: hive-sync needs Node ${NEEDED.join('.')} or newer, and this is ${process.versions.node}. Install a newer one.\n`,
  );
  process.exitCode = 2;
}

export {};
