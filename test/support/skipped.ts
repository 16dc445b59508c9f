// The last lines of a run of the tests: how many were skipped, and what they would have needed. In CI that is a failure.
import type { Reporter, TestCase, TestModule } from 'vitest/node';

export default class SkippedTests implements Reporter {
  #isNarrowed = false;

  onInit(vitest: Parameters<NonNullable<Reporter['onInit']>>[0]): void {
    this.#isNarrowed = vitest.config.testNamePattern !== undefined;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const skipped = modules.flatMap((module) => [...module.children.allTests('skipped')]);
    // `-t` skips what it does not name, and who asked for that knows it.
    const counted = this.#isNarrowed ? skipped.filter((test) => lacksOf(test) !== undefined) : skipped;
    if (counted.length === 0) return;
    for (const line of linesOf(counted)) console.log(line);
    if (process.env.CI) process.exitCode = 1;
  }
}

function linesOf(skipped: readonly TestCase[]): string[] {
  const counts = new Map<string, number>();
  for (const test of skipped) {
    const reason = reasonOf(test);
    counts.set(reason, (counts.get(reason) ?? 0) + 1);
  }
  const reasons = [...counts].sort(([, a], [, b]) => b - a).map(([reason, count]) => `  ${count} ${reason}`);
  const total = skipped.length === 1 ? '1 test was skipped:' : `${skipped.length} tests were skipped:`;
  return ['', total, ...reasons];
}

function reasonOf(test: TestCase): string {
  const lacks = lacksOf(test);
  if (lacks !== undefined) return `for want of ${lacks}`;
  return hasFailedBefore(test) ? 'because what comes before them failed' : 'without a reason';
}

function lacksOf(test: TestCase): string | undefined {
  for (let at: TestCase | TestCase['parent'] = test; ; at = at.parent) {
    const { lacks } = at.meta();
    if (lacks !== undefined || at.type === 'module') return lacks;
  }
}

function hasFailedBefore(test: TestCase): boolean {
  for (let at = test.parent; ; at = at.parent) {
    if (at.errors().length > 0) return true;
    if (at.type === 'module') return false;
  }
}
