// The one error of the embedded server. Its message keeps a rule: one sentence on what is wrong, one on what to do.

/** The embedded PostgreSQL cannot be used. The message is meant for the person at the terminal and holds no secret. */
export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';

  constructor(problem: string, whatToDo: string, options?: ErrorOptions) {
    super(`${problem} ${whatToDo}`, options);
  }
}

export const useAnotherServer = 'Set DATABASE_URL to use a PostgreSQL server of your own.';
