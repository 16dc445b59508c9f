// A window and its certificate in a sentence: what was read, why it is proved complete, or by how much it is short.
import type { Window } from '../../db/ledger.js';
import { counted, inThousands, inUtc } from '../../words.js';

type Bounds = Pick<Window, 'kind' | 'from_at' | 'to_at' | 'pages_again'>;

/** Which part of the collection a window is. */
export function partInWords({ kind, from_at: from, to_at: to, pages_again: again }: Bounds): string {
  const until = to === null ? '' : ` up to ${inUtc(to)}`;
  switch (kind) {
    case 'whole':
      return `all of it${until}`;
    case 'head':
      return from === null ? 'its newest part' : `its newest part, from ${inUtc(from)}${until}`;
    case 'range':
      return `${from === null ? 'the part' : `from ${inUtc(from)}`}${until}`;
    default:
      return again === null ? 'chosen pages' : `${counted(again.length, 'page')} with open records`;
  }
}

type Proof = Pick<
  Window,
  | 'kind'
  | 'state'
  | 'reason'
  | 'moved'
  | 'pass'
  | 'distinct_ids'
  | 'first_item_count'
  | 'last_item_count'
  | 'pages_failed'
  | 'pages_read'
  | 'page_count'
  | 'as_of'
>;

/** Why it is proved, or what is missing; goes beside the window's state. */
export function certificateInWords(window: Proof): string {
  const seen = window.distinct_ids ?? 0;
  const last = window.last_item_count;
  const passes = window.pass > 1 ? ` It took ${counted(window.pass, 'pass', 'passes')}.` : '';
  switch (window.state) {
    case 'waiting':
      return 'Waits for its turn.';
    case 'reading':
      return window.pass > 1
        ? `Is being read, pass ${window.pass}: the list moved, and the pages in question are read again.`
        : 'Is being read.';
    case 'done':
      return 'The chosen pages were read. They prove nothing about the whole list.';
    case 'split':
      return 'It is read as other windows: in two halves, without its filter, or once more.';
    case 'failed':
      return `${sentence(window.reason ?? 'the account was halted')}.`;
    case 'certified':
      return `${whyProved(window, seen)}${passes}${asOfInWords(window)}${window.reason === null ? '' : ` ${sentence(window.reason)}.`}`;
    default: {
      const short = last === null ? 0 : last - seen;
      const shortBy = short > 0 ? ` Short by ${records(short)}.` : short < 0 ? ` ${records(-short)} too many.` : '';
      return `${sentence(window.reason ?? 'there is no proof')}.${shortBy}${passes}`;
    }
  }
}

function whyProved(window: Proof, seen: number): string {
  const { first_item_count: first, last_item_count: last } = window;
  if (window.kind === 'head' && first === null) return 'It was read down to what was certified before.';
  if (window.moved) {
    return `The list moved while it was read (${count(first)} records at first, ${count(last)} at last), and its pages overlap without a gap.`;
  }
  if (last !== null && seen === last) {
    return `The list stood still, and as many records were seen as the API counts: ${inThousands(seen)}.`;
  }
  return `${records(seen)} were seen, down to what was certified before.`;
}

/** What it proves, and as of when. */
function asOfInWords({ kind, as_of: at }: Proof): string {
  if (at === null) return ' By itself it proves nothing yet.';
  if (kind === 'head') return ` It proves what was new as of ${inUtc(at)}, and nothing of older records.`;
  return ` Every record of it that existed as of ${inUtc(at)} is in the table.`;
}

const count = (n: number | null): string => (n === null ? 'unknown' : inThousands(n));
const sentence = (reason: string): string => reason.charAt(0).toUpperCase() + reason.slice(1);
const records = (n: number): string => counted(n, 'record');
