// What others have written, on a terminal: it may hold what moves the cursor, clears the screen, changes the title or turns
// the direction of the text. Here it becomes visible instead. All output to people goes through this, but for bars and exports.

/** Colours, which our own tables and words have; from others they do no harm. */
const COLOUR = '\\u001b\\[(?:[0-47]|2[1-47]|[349][0-79]|10[0-7])m';
/** C0 but for line feed and tab, DEL, C1 (ECMA-48), and what turns the direction (Unicode, UAX #9). */
const HARMFUL = '[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u202a-\\u202e\\u2066-\\u2069]';
const FOUND = new RegExp(`${COLOUR}|${HARMFUL}`, 'g');

/** The text with \u001b in place of an escape, and so on: within JSON that is the same value. */
export const visible = (text: string): string =>
  text.replace(FOUND, (found) =>
    found.length > 1 ? found : `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
