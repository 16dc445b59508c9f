// What an endpoint of the HTTP API is: its schemas check what is asked, and the same ones describe it to others
// (openapi.ts). So the document cannot say anything else than the server does.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { HttpError } from '../answer-errors.js';

export interface Answer {
  readonly description: string;
  readonly schema: z.ZodType;
}

interface Asked<P, Q, B> {
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  /** Fires when the asker has left. */
  readonly signal: AbortSignal;
}

interface Described {
  readonly method: 'GET' | 'POST';
  /** As OpenAPI writes it: /api/runs/{id} */
  readonly path: `/api/${string}`;
  readonly summary: string;
  readonly description?: string;
  /** By status. Errors need none here: they are all alike. */
  readonly answers: Readonly<Record<number, Answer>>;
  /** Statuses of errors beyond those that every endpoint can have, and when. */
  readonly errors?: Readonly<Record<number, string>>;
}

export interface Endpoint extends Described {
  readonly params: z.ZodObject | undefined;
  readonly query: z.ZodObject | undefined;
  readonly body: z.ZodObject | undefined;
  readonly handle: (asked: Asked<never, never, never>) => Promise<{ status?: number; body: unknown }>;
}

/** Keeps the types of the schemas for `handle`. */
export const endpoint = <
  P extends z.ZodObject = z.ZodObject<Record<never, never>>,
  Q extends z.ZodObject = z.ZodObject<Record<never, never>>,
  B extends z.ZodObject = z.ZodObject<Record<never, never>>,
>(
  one: Described & {
    readonly params?: P;
    readonly query?: Q;
    readonly body?: B;
    handle(asked: Asked<z.output<P>, z.output<Q>, z.output<B>>): Promise<{ status?: number; body: unknown }>;
  },
): Endpoint => ({
  ...one,
  params: one.params,
  query: one.query,
  body: one.body,
  handle: one.handle as Endpoint['handle'],
});

export function serveEndpoint(server: FastifyInstance, one: Endpoint): void {
  server.route({
    method: one.method,
    url: one.path.replaceAll(/\{(\w+)\}/g, ':$1'),
    async handler(request, reply) {
      const problems: string[] = [];
      const asked = {
        params: check(one.params, request.params, problems),
        query: check(one.query, request.query, problems),
        body: check(one.body, bodyOf(request), problems),
        signal: leftSignal(reply),
      };
      if (problems.length > 0) throw new HttpError(422, ...problems);
      const { status = 200, body } = await one.handle(asked as never);
      return reply.code(status).send(body);
    },
  });
}

/** Forms may carry their token beside what they ask for. */
function bodyOf({ body }: FastifyRequest): unknown {
  if (typeof body !== 'object' || body === null) return body ?? {};
  const { _csrf: _, ...rest } = body as Record<string, unknown>;
  return rest;
}

function check(schema: z.ZodObject | undefined, value: unknown, problems: string[]): unknown {
  if (schema === undefined) return {};
  const result = schema.safeParse(value ?? {});
  if (result.success) return result.data;
  for (const { path, message } of result.error.issues) {
    problems.push(path.length === 0 ? message : `${path.join('.')}: ${message}`);
  }
  return undefined;
}

function leftSignal(reply: FastifyReply): AbortSignal {
  const left = new AbortController();
  reply.raw.once('close', () => left.abort());
  return left.signal;
}
