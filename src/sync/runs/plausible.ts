// How many rows may be missing at once. More look like a broken list or a wrong key, not like deletions.

/** Both must be exceeded: a number, and a share of the collection's rows. */
export const PLAUSIBLE_NUMBER = 20;
const PLAUSIBLE_SHARE = 0.05;

/** Are so many missing rows more than can be believed? @param left rows of the collection that are not missing */
export const isMassDeletion = (missing: number, left: number): boolean =>
  missing > PLAUSIBLE_NUMBER && missing > PLAUSIBLE_SHARE * (left + missing);
