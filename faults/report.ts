// Carries out scenarios one after another and keeps what became of them.
import { afterAll, describe, expect, test } from 'vitest';
import { needing } from '../test/support/needs.js';
import { keep, type ScenarioPart } from './page.js';
import { carryOut, type Finding } from './run.js';
import type { Scenario } from './scenario.js';

const isShort = process.env.FAULTS_SHORT !== undefined;
/** Tests of all scenarios of a part; in the short form of every seventh. */
export function report(part: ScenarioPart, all: readonly Scenario[]): void {
  const findings: Finding[] = [];
  describe('nothing is lost, nothing doubled, and nothing short is called complete', () => {
    for (const scenario of isShort ? all.filter((_, nth) => nth % 7 === 3) : all) {
      test(`${scenario.group}: ${scenario.trouble}`, needing(...needsOf(scenario)), async () => {
        const finding = await carryOut(scenario);
        findings.push(finding);
        expect(finding).toMatchObject({ lost: 0, doubled: 0, missedByCertificate: 0 });
        expect(finding.happened).toMatch(/exit 0$/);
        if (scenario.mustBeTold === true) expect(finding.happened).not.toMatch(/^exit 0/);
      });
    }
  });
  afterAll(() => {
    if (isShort || findings.length < all.length) return;
    keep(part, findings);
  });
}

const needsOf = ({ servers, disk }: Scenario) => [
  ...(servers === undefined ? [] : (['redis-server'] as const)),
  ...(disk === undefined ? [] : (['disks'] as const)),
];
