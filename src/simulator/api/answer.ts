// What the API says back, and the forms in which it refuses.

export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

const jsonHeaders = { 'content-type': 'application/json; charset=utf-8' };

/** A bare JSON value, as single objects are sent. */
export function jsonAnswer(value: unknown, status = 200): Answer {
  return { status, headers: jsonHeaders, body: JSON.stringify(value) };
}

/** Every refusal has the same body, with sentences for people in `errors`. */
export function errorAnswer(status: number, errors: readonly string[]): Answer {
  return jsonAnswer({ success: false, errors }, status);
}

export const badRequest = () => errorAnswer(400, ['bad request']);

// The body of a 404 is not documented; this is the documented form of the others.
export const notFound = () => errorAnswer(404, ['not found']);
