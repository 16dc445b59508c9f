// A network namespace of its own, joined to this one by a pair of virtual network cards: what is lost between them is
// lost below TCP. Neither kernel acknowledges anything, and nobody is told.
import { execFileSync } from 'node:child_process';
import { atEndOfTest } from './clean-up.js';

export interface FarSide {
  /** This machine's address, as seen from there. */
  readonly host: string;
  /** Puts a command there: what stands before it. */
  readonly within: readonly string[];
  /** The address goes from which all flows left: none of their packets passes any more. New ones leave from another. */
  loseFlows(): void;
  /** Nothing passes any more. */
  cut(): void;
}

const ip = (...args: readonly string[]) => execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });

/** What the kernel removes it may still hold for a moment, so no name or network is used twice. */
let opened = 0;

/** Closed at the end of the test. */
export function openFarSide(): FarSide {
  opened += 1;
  const name = `hs${process.pid}-${opened}`;
  const here = `${name}h`;
  const there = `${name}t`;
  // Shared address space (RFC 6598): no network of a machine like this one has it.
  const net = `100.${64 + (process.pid & 63)}.${(opened + (process.pid >> 6)) & 255}`;
  const inside = (...args: readonly string[]) => ip('-n', name, ...args);
  ip('netns', 'add', name);
  atEndOfTest(() => ip('netns', 'del', name));
  ip('link', 'add', 'name', here, 'type', 'veth', 'peer', 'name', there, 'netns', name);
  ip('addr', 'add', `${net}.1/24`, 'dev', here);
  ip('link', 'set', here, 'up');
  inside('link', 'set', 'lo', 'up');
  inside('link', 'set', there, 'up');
  // Each a network of its own, so that the other stays when one goes; the route says which one new flows leave from.
  for (const last of [2, 3]) inside('addr', 'add', `${net}.${last}/32`, 'dev', there);
  const leaveFrom = (last: number) => inside('route', 'replace', `${net}.1/32`, 'dev', there, 'src', `${net}.${last}`);
  leaveFrom(2);
  return {
    host: `${net}.1`,
    within: ['ip', 'netns', 'exec', name],
    loseFlows() {
      leaveFrom(3);
      inside('addr', 'del', `${net}.2/32`, 'dev', there);
    },
    cut: () => inside('link', 'set', there, 'down'),
  };
}

export function canMakeNamespaces(): boolean {
  const name = `hs${process.pid}try`;
  try {
    ip('netns', 'add', name);
    ip('-n', name, 'link', 'add', 'name', 'one', 'type', 'veth', 'peer', 'name', 'two');
    return true;
  } catch {
    return false;
  } finally {
    try {
      ip('netns', 'del', name);
    } catch {
      // There is none.
    }
  }
}
