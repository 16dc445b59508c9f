// The last sentence of a command that failed, with what to do where the words of a server or a driver leave it open.
import { AddressError, describe, NotPermittedError, ServiceUnavailableError, UsageError } from '../errors.js';
import { refusalIn } from '../queue/checks/refusals.js';
import { isServiceAway, lackOf } from '../service-trouble.js';

const LOOK = '"hive-sync doctor" tells what is wrong';

/** Their words say what to do; a server's code may be behind them. */
const FOR_PEOPLE = [AddressError, NotPermittedError, ServiceUnavailableError, UsageError];

export function withAdvice(error: unknown): string {
  const said = describe(error);
  if (FOR_PEOPLE.some((one) => error instanceof one)) return said;
  const refusal = refusalIn(error);
  if (refusal !== undefined) return `${refusal.sentence} (${said})`;
  if (lackOf(error) !== undefined) return `PostgreSQL refuses: ${said}. ${LOOK}.`;
  if (isServiceAway(error)) {
    return `PostgreSQL or Redis is away, or broke off: ${said}. What was stored is kept: run the command again, or ${LOOK}.`;
  }
  return said;
}
