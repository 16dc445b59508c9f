// A sentence above progress bars that stay.
import type { MultiBar } from 'cli-progress';
import { visible } from '../visible.js';
import { inLines } from './format.js';

/** What a line leaves of an older one to its right is cleared. */
const CLEAR_REST = '\u001b[K';

/**
 * At once; the bars repaint themselves below it, for which they need `forceRedraw`. In lines, as a terminal with bars on it
 * cuts what is longer than itself.
 */
export function sayAbove(bars: MultiBar, stream: NodeJS.WriteStream, text: string): void {
  const lines = inLines(`${text}\n`);
  // Without a bar nothing is painted, however long it takes until there is one.
  if (!bars.isActive) {
    stream.write(visible(lines));
    return;
  }
  bars.log(visible(lines).replaceAll('\n', `${CLEAR_REST}\n`));
  bars.update();
}
