// What came of a click, told on the page that follows it. The address carries a word and numbers and no text, so that a
// link cannot put sentences on the page.
import { type Html, html } from '../html.js';

export type Said = 'started' | 'going' | 'retrying' | 'resolved' | 'left' | 'discarded' | 'resolved-before';

/** `/runs/12?said=started&run=12` */
export function withMessage(path: string, said: Said, numbers: { run?: number | undefined; n?: number } = {}): string {
  const query = new URLSearchParams({ said });
  if (numbers.run !== undefined) query.set('run', String(numbers.run));
  if (numbers.n !== undefined) query.set('n', String(numbers.n));
  return `${path}${path.includes('?') ? '&' : '?'}${query}`;
}

const isNumber = (text: unknown): text is string => typeof text === 'string' && /^\d{1,15}$/.test(text);

export function messageOf(query: unknown): Html | undefined {
  const { said, run, n } = query as Record<string, unknown>;
  const link = isNumber(run) ? html`<a href="/runs/${run}">Run ${run}</a>` : html`A run`;
  const letters = isNumber(n) && n !== '1' ? html`${n} dead letters` : html`the dead letter`;
  switch (said) {
    case 'started':
      return html`${link} is started.`;
    case 'going':
      return html`${link} of this mode is still going, so no other was started. Runs of one mode never overlap.`;
    case 'retrying':
      return html`${link} asks again for what ${letters} ${isNumber(n) && n !== '1' ? 'are' : 'is'} about. A good answer resolves ${isNumber(n) && n !== '1' ? 'them' : 'it'}.`;
    case 'resolved':
      return html`Read again from what was stored: resolved.`;
    case 'left':
      return html`Nothing was asked for again: what could be done without a request was done, and the rest stays open.`;
    case 'discarded':
      return html`Discarded. If it comes back different, it opens again.`;
    case 'resolved-before':
      return html`It was resolved already and stays as it is.`;
    default:
      return undefined;
  }
}
