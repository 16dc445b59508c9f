// What another process asks of the simulator itself, under the root: no key, no budget, not in the request log.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type Answer, badRequest, errorAnswer, jsonAnswer, notFound } from './api/answer.js';
import type { Change } from './changes.js';
import type { DriftRule } from './drift.js';
import type { FaultRule } from './faults.js';
import { isObject } from './merge-patch.js';
import { collectionNames, type JsonObject } from './records.js';
import type { Simulator } from './simulator.js';
import { SimulatorOptionError } from './simulator-option-error.js';
import type { WebhookOptions } from './webhooks.js';

/** Everything of a simulator but its life. */
export type Controlled = Omit<Simulator, 'close'>;

type Command = (sim: Controlled, body: JsonObject) => unknown;

// The bodies are trusted to have the documented shape: what is wrong with them comes out as a SimulatorOptionError.
const commands: Record<string, Command> = {
  'GET /__stats': (sim) => sim.stats(),
  'GET /__requests': (sim) => sim.requests,
  'GET /__history': (sim) => sim.history,
  'POST /__faults': (sim, body) => sim.addFault(body as unknown as FaultRule),
  'POST /__clear-faults': (sim) => sim.clearFaults(),
  'POST /__drift': (sim, body) => sim.addDrift(body as unknown as DriftRule),
  'POST /__clear-drift': (sim) => sim.clearDrift(),
  'POST /__apply': (sim, body) => sim.apply(body as unknown as Change),
  'POST /__rate': (sim, body) => sim.setRate(body.unlimited === true ? 'unlimited' : body),
  'POST /__webhooks': (sim, body) =>
    sim.setWebhooks(body.url === undefined ? undefined : (body as unknown as WebhookOptions)),
  'GET /__webhooks': (sim) => sim.webhookStats(),
  'POST /__key': (sim, body) => (body.valid === false ? sim.revokeKey() : sim.restoreKey()),
  'POST /__reset-requests': (sim) => sim.resetRequests(),
};

/** Answers `/__…`; `text` is the body of the request. */
export async function answerControl(sim: Controlled, request: IncomingMessage, response: ServerResponse, text: string) {
  const [path = ''] = (request.url ?? '').split('?');
  if (path.startsWith('/__truth/')) return streamTruth(sim, path.slice('/__truth/'.length), response);
  send(response, runCommand(sim, `${request.method} ${path}`, text));
}

function runCommand(sim: Controlled, name: string, text: string): Answer {
  const command = commands[name];
  if (!command) return notFound();
  try {
    const body: unknown = text === '' ? {} : JSON.parse(text);
    return isObject(body) ? jsonAnswer(command(sim, body) ?? { success: true }) : badRequest();
  } catch (error) {
    if (error instanceof SimulatorOptionError) return errorAnswer(400, [error.message]);
    if (error instanceof SyntaxError) return badRequest();
    throw error;
  }
}

/** A JSON array, in pieces: the whole of a large collection would not fit into one string. */
async function streamTruth(sim: Controlled, name: string, response: ServerResponse): Promise<void> {
  const collection = collectionNames.find((candidate) => candidate === name);
  if (!collection) return send(response, notFound());
  response.writeHead(200, { 'content-type': 'application/json; charset=utf-8' });
  try {
    await pipeline(Readable.from(pieces(sim.records(collection))), response);
  } catch {
    // The reader went away.
    response.destroy();
  }
}

function* pieces(records: Iterable<unknown>): Generator<string> {
  let piece = '[';
  let separator = '';
  for (const record of records) {
    piece += separator + JSON.stringify(record);
    separator = ',\n';
    if (piece.length < 65_536) continue;
    yield piece;
    piece = '';
  }
  yield `${piece}]\n`;
}

function send(response: ServerResponse, answer: Answer): void {
  response.writeHead(answer.status, answer.headers).end(answer.body);
}
