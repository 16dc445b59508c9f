// fast-check, for every property test: the same inputs each time in CI, so that a failure there is a failure here. Long
// runs try others and print their seed; `SEED=… npx vitest run <file>` plays it again.
import fc from 'fast-check';

const FIXED = 20_261_128;

/** From 0 to 999,999,999. */
export const SEED = Number(process.env.SEED ?? (process.env.SOAK === undefined ? FIXED : Date.now() % 1_000_000_000));

fc.configureGlobal({ seed: SEED });

export default fc;
