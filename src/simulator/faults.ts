// Scripted faults, as data: which request goes wrong, how, and how often.
import type { Answer } from './api/answer.js';
import { errorAnswer } from './api/answer.js';
import { isObject, mergePatch } from './merge-patch.js';
import type { JsonObject } from './records.js';
import { type RequestFacts, type RequestMatch, ScriptedRule } from './request-match.js';
import { SimulatorOptionError } from './simulator-option-error.js';

/** A record of the page is replaced by any value at all, merged with some fields, or has one field that is monstrous. */
export type RecordPatch =
  | { index: number; value: unknown }
  | { index: number; merge: JsonObject }
  /** So many lists in one another, or a text of so many characters. */
  | { index: number; field: string; levels: number }
  | { index: number; field: string; length: number };

export type FaultResponse =
  /** Another answer. A string is sent as it is, anything else as JSON; without a body, the status's usual errors. */
  | { status: number; headers?: Record<string, string>; body?: unknown; html?: undefined }
  /** A gateway's page of HTML. Default 502. */
  | { html: true; status?: number }
  /** The right answer, late. */
  | { delayMs: number }
  /** The connection ends before the headers, or in the middle of the body. */
  | { cut: 'before-headers' | 'mid-body' }
  /** 200 with half of the JSON. */
  | { brokenJson: true }
  /** No answer, until the simulator is closed. */
  | { hang: true }
  /** Chosen records of a page (from 0), or the single object (0), come out different; what is stored stays as it is. */
  | { patchRecords: readonly RecordPatch[] }
  /** The right page with other values in `pagination`, and without some. */
  | { patchPagination: JsonObject; without?: readonly string[] };

export interface FaultRule {
  match: RequestMatch;
  /** Default 1. */
  times?: number | null;
  /** Whether it costs nothing of the rate and works without a key, like a gateway in front of the API. Default false. */
  free?: boolean;
  respond: FaultResponse;
}

const kinds = ['status', 'html', 'delayMs', 'cut', 'brokenJson', 'hang', 'patchRecords', 'patchPagination'];

/** What happens to an answer on its way. */
export interface Delivery {
  answer: Answer;
  delayMs: number;
  loss: 'none' | 'before-headers' | 'mid-body' | 'hang';
}

export class Faults {
  #rules: ScriptedRule<FaultRule>[] = [];

  add(rule: FaultRule): void {
    const respond: unknown = rule.respond;
    if (!isObject(respond) || !kinds.some((kind) => kind in respond))
      throw new SimulatorOptionError(`A fault's respond needs one of ${kinds.join(', ')}.`);
    this.#rules.push(new ScriptedRule(rule, rule.match ?? {}, rule.times));
  }

  clear(): void {
    this.#rules = [];
  }

  /** The first rule, free or not, whose turn it is. */
  next(request: RequestFacts, isFree: boolean): FaultResponse | undefined {
    const due = this.#rules.filter(({ rule }) => (rule.free === true) === isFree).filter((rule) => rule.isDue(request));
    due[0]?.spend();
    this.#rules = this.#rules.filter((rule) => !rule.isSpent);
    return due[0]?.rule.respond;
  }
}

/** What becomes of the right answer; it is only made (and a write only done) when the fault lets the request through. */
export function deliver(makeAnswer: () => Answer, fault: FaultResponse | undefined): Delivery {
  const arrives = (answer: Answer): Delivery => ({ answer, delayMs: 0, loss: 'none' });
  if (!fault) return arrives(makeAnswer());
  if ('hang' in fault) return { ...arrives(errorAnswer(504, [])), loss: 'hang' };
  if ('cut' in fault) return { ...arrives(makeAnswer()), loss: fault.cut };
  if ('delayMs' in fault) return { ...arrives(makeAnswer()), delayMs: fault.delayMs };
  if ('patchRecords' in fault) return arrives(patchAnswer(makeAnswer(), fault.patchRecords));
  if ('patchPagination' in fault) return arrives(patchPagination(makeAnswer(), fault));
  if ('brokenJson' in fault) return arrives(halfOf(makeAnswer()));
  return arrives(fault.html ? gatewayPage(fault.status ?? 502) : scriptedAnswer(fault));
}

function halfOf(answer: Answer): Answer {
  return { ...answer, body: answer.body.slice(0, answer.body.length / 2) };
}

function gatewayPage(status: number): Answer {
  const body = `<html>\r\n<head><title>${status} Bad Gateway</title></head>\r\n<body><center><h1>${status}</h1></center></body>\r\n</html>\r\n`;
  return { status, headers: { 'content-type': 'text/html' }, body };
}

function scriptedAnswer({
  body,
  headers,
  status,
}: {
  status: number;
  headers?: Record<string, string>;
  body?: unknown;
}): Answer {
  const usual = errorAnswer(status, [`scripted fault ${status}`]);
  const isText = typeof body === 'string';
  const type = isText ? 'text/plain' : 'application/json; charset=utf-8';
  return {
    status,
    headers: { 'content-type': type, ...headers },
    body: body === undefined ? usual.body : isText ? body : JSON.stringify(body),
  };
}

function patchPagination(
  answer: Answer,
  { patchPagination: patch, without = [] }: { patchPagination: JsonObject; without?: readonly string[] },
): Answer {
  if (answer.status !== 200) return answer;
  const parsed: unknown = JSON.parse(answer.body);
  if (!isObject(parsed) || !isObject(parsed.pagination)) return answer;
  const pagination = { ...parsed.pagination, ...patch };
  for (const name of without) delete pagination[name];
  return { ...answer, body: JSON.stringify({ ...parsed, pagination }) };
}

function patchAnswer(answer: Answer, patches: readonly RecordPatch[]): Answer {
  if (answer.status !== 200) return answer;
  const parsed: unknown = JSON.parse(answer.body);
  const isPage = isObject(parsed) && Array.isArray(parsed.data);
  const records: unknown[] = isPage ? [...(parsed.data as unknown[])] : [parsed];
  // Neither mergePatch() nor JSON.stringify() goes to any depth: what is nested is put into the text.
  const nested = new Map<string, number>();
  for (const patch of patches) {
    const old = records[patch.index];
    if ('value' in patch) records[patch.index] = patch.value;
    else if (!isObject(old)) continue;
    else if ('merge' in patch) records[patch.index] = mergePatch(old, patch.merge);
    else if ('length' in patch) records[patch.index] = { ...old, [patch.field]: 'x'.repeat(patch.length) };
    else {
      const mark = `nested ${patch.levels} deep, number ${nested.size}`;
      nested.set(mark, patch.levels);
      records[patch.index] = { ...old, [patch.field]: mark };
    }
  }
  let body = JSON.stringify(isPage ? { ...parsed, data: records } : records[0]);
  for (const [mark, levels] of nested)
    body = body.replace(JSON.stringify(mark), '['.repeat(levels) + ']'.repeat(levels));
  return { ...answer, body };
}
