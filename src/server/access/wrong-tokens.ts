// What a wrong token brings: it is counted, logged with its address (few lines, however many come), and beyond the limits
// answered 429 on a connection that ends.
import type { FastifyReply } from 'fastify';
import type { FewLines } from '../few-lines.js';
import type { Guesses } from './guesses.js';
import { addressOf } from './networks.js';

export interface WrongTokens {
  /** Counts one. @returns seconds to wait, which stand in the answer's Retry-After already; 0 = within the limits */
  came(reply: FastifyReply): number;
}

/** To whoever sent one beyond the limits. */
export const tooManyWrong = (waitSeconds: number): string =>
  `Too many wrong tokens. The right one is let in at once, wrong ones are looked at again in ${waitSeconds} s.`;

export function openWrongTokens(guesses: Guesses, lines: FewLines): WrongTokens {
  return {
    came(reply) {
      const address = addressOf(reply.request);
      const waitSeconds = guesses.wasWrong(address, Date.now());
      if (waitSeconds > 0) {
        reply.headers({ 'retry-after': waitSeconds, connection: 'close' });
        lines.write({ address }, 'too many wrong tokens: this address, or all together, are over the limit');
      } else lines.write({ address, route: reply.request.routeOptions.url }, 'a wrong token came');
      return waitSeconds;
    },
  };
}
