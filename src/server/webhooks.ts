// Takes webhooks of Hive: form of the signature → raw body → signature → stored → 202. What becomes of it is decided after the
// answer, by whoever works the account's jobs. Whatever is not stored for certain gets no 202, so that the sender tries
// again. What a refused one costs is bounded, however many accounts there are: see `mostBytes`.
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyPluginAsync, FastifyRequest } from 'fastify';
import { storeDelivery } from '../db/webhook-deliveries.js';
import { describe } from '../errors.js';
import { holdsTooMany, MOST_VALUES, tryJson } from '../hive/body.js';
import { isSignedWith, looksSigned, SIGNATURE_HEADER } from '../hive/webhook-signature.js';
import { DEEPEST, isDeeperThan } from '../sync/records/bounds.js';
import { toStorable } from '../sync/records/storable.js';
import { PRIORITY } from '../sync/runs/plan.js';
import { recognise } from '../sync/webhooks/webhook-shape.js';
import { LateError, within } from '../within.js';
import { addressOf, networkOf } from './access/networks.js';
import { HttpError } from './answer-errors.js';
import type { ServerLimits } from './limits.js';
import type { ServerAccount, ServerParts } from './parts.js';
import { openWebhookRoom } from './webhook-room.js';

/** A shipment with a thousand items is a tenth of that. */
const LARGEST_BODY_BYTES = 2 * 1_024 * 1_024;
/** A database that has not answered by then counts as away: the sender waits for us. */
const STORE_MS = 2_000;
/** A storm of webhooks must not fill the queue with urgent jobs, so that no page is read meanwhile. */
const ANNOUNCE_EVERY_MS = 100;
/** None of them is documented; where one is sent it helps. */
const EVENT_HEADERS = ['x-hive-event', 'x-hive-event-type', 'x-hive-topic', 'x-event-type'];

export const webhookRoutes =
  (parts: ServerParts, limits: ServerLimits): FastifyPluginAsync =>
  async (server) => {
    const announcers = new Map(parts.accounts.map((account) => [account, announcer(account, parts)]));
    const keys = [...new Set(parts.accounts.map(({ account }) => account.apiKey ?? ''))];
    const room = openWebhookRoom(limits.webhookBytes, limits.bodyMs);
    /** Each key costs a pass over the body: where any of them may be meant, that many times fewer bytes are taken. */
    const mostBytes = ({ account }: WhichAccount): number =>
      account === undefined ? Math.floor(LARGEST_BODY_BYTES / keys.length) : LARGEST_BODY_BYTES;

    // Before the body is read: whoever has no key sends none that is.
    server.addHook<{ Params: WhichAccount }>('onRequest', async (request, reply) => {
      const { raw, headers, params } = request;
      if (params.account !== undefined) accountNamed(params.account);
      if (!looksSigned(headers[SIGNATURE_HEADER])) throw unsigned();
      room.enter(raw, reply.raw, networkOf(addressOf(request)));
      // The signature is over the bytes as they came, whatever they are called.
      raw.headers['content-type'] = 'application/octet-stream';
    });
    server.removeAllContentTypeParsers();
    server.addContentTypeParser('application/octet-stream', ({ raw, params }: FastifyRequest) =>
      room.read(raw, mostBytes(params as WhichAccount)),
    );
    const options = { config: { access: 'open' as const } };

    function accountNamed(label: string): ServerAccount {
      const found = parts.accounts.find(({ account }) => account.label === label);
      if (found === undefined) throw new HttpError(404, 'There is no such account here.');
      return found;
    }

    server.post('/webhooks/hive', options, async (request, reply) => {
      const body = bodyOf(request);
      const signature = request.headers[SIGNATURE_HEADER];
      const key = keys.find((one) => isSignedWith(body, signature, one));
      const [account, ...others] = parts.accounts.filter((one) => (one.account.apiKey ?? '') === key);
      if (account === undefined) throw unsigned();
      if (others.length > 0) {
        throw new HttpError(404, 'Several accounts have this key. Send it to /webhooks/hive/<account>.');
      }
      await take(account, request, body);
      return reply.code(202).send({ stored: true });
    });

    server.post<{ Params: { account: string } }>('/webhooks/hive/:account', options, async (request, reply) => {
      const account = accountNamed(request.params.account);
      const body = bodyOf(request);
      if (!isSignedWith(body, request.headers[SIGNATURE_HEADER], account.account.apiKey ?? '')) throw unsigned();
      await take(account, request, body);
      return reply.code(202).send({ stored: true });
    });

    async function take(account: ServerAccount, request: FastifyRequest, body: Buffer): Promise<void> {
      const payload = payloadOf(body);
      const about = recognise(account.context.collections, payload, eventHint(request));
      const stored = await within(
        STORE_MS,
        storeDelivery(parts.store.db, {
          account: account.account.label,
          bodyHash: createHash('sha256').update(body).digest('hex'),
          event: about.event,
          collection: about.collection?.name,
          recordId: about.recordId,
          payload,
        }),
      ).catch((error: unknown) => {
        throw whyNotStored(error);
      });
      announcers.get(account)?.(stored);
    }
  };

const unsigned = () =>
  new HttpError(
    401,
    `${SIGNATURE_HEADER} is missing or wrong: expected the hex HMAC-SHA256 of the body with the API key.`,
  );

interface WhichAccount {
  /** Its label, where the address names one. */
  readonly account?: string;
}

/** Without a body nothing is parsed. */
const bodyOf = ({ body }: FastifyRequest): Buffer => (Buffer.isBuffer(body) ? body : Buffer.alloc(0));

/** @throws HttpError 400 */
function payloadOf(body: Buffer): unknown {
  // Not toString(): a byte order mark is no part of the text.
  const text = new TextDecoder().decode(body);
  // As exact as what is read of the API, so that equal contents are equal.
  const json = tryJson(text);
  if (json === undefined) {
    throw new HttpError(
      400,
      holdsTooMany(text) ? `The body holds more than ${MOST_VALUES} values.` : 'The body is not JSON.',
    );
  }
  const payload = json.value;
  if (isDeeperThan(payload, DEEPEST)) throw new HttpError(400, `The body is nested more than ${DEEPEST} times.`);
  return toStorable(payload, text).value;
}

function eventHint({ headers, query }: FastifyRequest): string | undefined {
  const { event, event_type } = query as Record<string, unknown>;
  const hints = [...EVENT_HEADERS.map((name) => headers[name]), event, event_type];
  return hints.find((hint): hint is string => typeof hint === 'string' && /^[\w.:-]{1,100}$/.test(hint));
}

function whyNotStored(error: unknown): unknown {
  // When it is stored after all, the sender's next try is the same body and only counts up.
  return error instanceof LateError ? new HttpError(503, 'The database is away at the moment. Try again.') : error;
}

type Stored = Awaited<ReturnType<typeof storeDelivery>>;

/**
 * Tells the workers that something waits: one job at a time, which takes all that came before it. Nobody waits for that:
 * what was stored and not announced is found by the workers themselves.
 */
function announcer({ context, queue }: ServerAccount, { log }: ServerParts): (stored: Stored) => void {
  let latest: Stored | undefined;
  let isBusy = false;
  const announce = async () => {
    isBusy = true;
    while (latest !== undefined) {
      const { id: deliveryId } = latest;
      latest = undefined;
      try {
        await queue.addTasks([{ deliveryId, priority: PRIORITY.urgent }]);
      } catch (error) {
        log.warn(
          { account: context.account, problem: describe(error) },
          'a webhook is stored but could not be announced; a worker finds it',
        );
      }
      await sleep(ANNOUNCE_EVERY_MS, undefined, { ref: false });
    }
    isBusy = false;
  };
  return (stored) => {
    latest = stored;
    if (!isBusy) void announce();
  };
}
