// hive-sync dead-letters discard: somebody has looked at them and lets them be, and says why.
import { discardLetters } from '../db/letter-ends.js';
import { UsageError } from '../errors.js';
import { readLetterIds, readLetters, toJson } from './dead-letters.js';
import { type Io, note, print } from './io.js';
import { withStore } from './with-store.js';

export interface DiscardOptions {
  readonly reason: string;
  readonly json: boolean;
}

export function discardCommand(io: Io, texts: readonly string[], options: DiscardOptions): Promise<number> {
  const ids = readLetterIds(texts);
  const reason = options.reason.trim();
  if (reason === '') throw new UsageError('--reason is empty. Expected why these letters can be let be.');
  return withStore(io, async (store) => {
    const before = await readLetters(store, ids);
    await discardLetters(store.db, ids, reason);
    for (const { id, resolution } of before.filter(({ resolved_at }) => resolved_at !== null)) {
      note(io, `Dead letter ${id} was resolved already (${resolution}) and stays as it is.`);
    }
    const discarded = before.filter(({ resolved_at }) => resolved_at === null);
    if (options.json) print(io, JSON.stringify((await readLetters(store, ids)).map(toJson), null, 2));
    else if (discarded.length > 0) {
      print(io, `Discarded: ${discarded.map(({ id }) => id).join(', ')}. One that comes back different opens again.`);
    }
    return 0;
  });
}
