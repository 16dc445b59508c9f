// What an error looks like to whoever asked: a status and {errors: […]}, never a stack, a statement or a secret.
import type { FastifyError, FastifyInstance } from 'fastify';
import {
  AccountHaltedError,
  describe,
  HiveBodyError,
  HiveHttpError,
  HiveNetworkError,
  HiveTimeoutError,
  RunGoingError,
  UsageError,
} from '../errors.js';
import type { Logger } from '../log.js';
import { isServiceAway } from '../service-trouble.js';

/** Thrown by a route to answer with a status of its own and sentences for the one who asks. */
export class HttpError extends Error {
  override readonly name = 'HttpError';
  readonly errors: readonly string[];
  constructor(
    readonly statusCode: number,
    ...errors: readonly string[]
  ) {
    super(errors.join(' '));
    this.errors = errors;
  }
}

/** Errors of which the asker should know, in the sentence that they carry. */
const STATUSES: readonly (readonly [abstract new (...args: never[]) => Error, number])[] = [
  [UsageError, 422],
  [RunGoingError, 409],
  [AccountHaltedError, 409],
  [HiveTimeoutError, 504],
  [HiveHttpError, 502],
  [HiveNetworkError, 502],
  [HiveBodyError, 502],
];

/** The status for an error whose sentence is for the asker; undefined for all others. */
export const statusOf = (error: unknown): number | undefined => STATUSES.find(([kind]) => error instanceof kind)?.[1];

/** What is away or full may be back by then, in seconds. */
const RETRY_AFTER_S = 10;

export function answerErrors(server: FastifyInstance, log: Logger): void {
  server.setNotFoundHandler((request, reply) =>
    reply.code(404).send({ errors: [`There is nothing at ${request.method} ${request.url.split('?')[0]}.`] }),
  );
  server.setErrorHandler((error: FastifyError | HttpError, request, reply) => {
    if (error instanceof HttpError) {
      if (error.statusCode === 503) reply.header('retry-after', RETRY_AFTER_S);
      return reply.code(error.statusCode).send({ errors: error.errors });
    }
    const known = statusOf(error);
    if (known !== undefined) return reply.code(known).send({ errors: [describe(error)] });
    if (error.validation !== undefined) {
      const where = error.validationContext ?? 'request';
      const errors = error.validation.map(
        ({ instancePath, message }) => `${where}${instancePath.replaceAll('/', '.')} ${message ?? 'is not usable'}`,
      );
      return reply.code(422).send({ errors });
    }
    // Fastify's own: a body that is not JSON, too large, of another type.
    if (error.statusCode !== undefined && error.statusCode < 500) {
      return reply.code(error.statusCode).send({ errors: [error.message] });
    }
    const isAway = isServiceAway(error);
    log[isAway ? 'warn' : 'error'](
      { method: request.method, route: request.routeOptions.url, problem: describe(error) },
      isAway ? 'a request could not be answered: the database is away' : 'a request could not be answered',
    );
    const sentence = isAway
      ? 'The database is away at the moment. Try again.'
      : 'It failed. The log of the worker says why.';
    if (isAway) reply.header('retry-after', RETRY_AFTER_S);
    return reply.code(isAway ? 503 : 500).send({ errors: [sentence] });
  });
}
