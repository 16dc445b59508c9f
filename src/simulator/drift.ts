// Scripted drift, as data: what changes in the account just before which request is answered.
import type { Change } from './changes.js';
import { type RequestFacts, type RequestMatch, ScriptedRule } from './request-match.js';
import { SimulatorOptionError } from './simulator-option-error.js';

export interface DriftRule {
  before: RequestMatch;
  /** Default 1. */
  times?: number | null;
  do: readonly Change[];
}

export class Drift {
  #rules: ScriptedRule<DriftRule>[] = [];

  add(rule: DriftRule): void {
    if (!Array.isArray(rule.do)) throw new SimulatorOptionError('A drift rule needs a list of changes to do.');
    this.#rules.push(new ScriptedRule(rule, rule.before ?? {}, rule.times));
  }

  clear(): void {
    this.#rules = [];
  }

  /** All changes that are due before this request, in the order of the rules. */
  next(request: RequestFacts): Change[] {
    const due = this.#rules.filter((rule) => rule.isDue(request));
    for (const rule of due) rule.spend();
    this.#rules = this.#rules.filter((rule) => !rule.isSpent);
    return due.flatMap(({ rule }) => rule.do);
  }
}
