import type { Volume } from './shapes.ts';

/** A backup with less than this part of the rows or of the bytes of the one before it is a cliff, where nobody says otherwise. */
export const cliffRatio = 0.5;

/**
 * Whether so much less is in a backup than in the one before it that somebody may have emptied the database. Rows are
 * compared where both were counted, bytes where both were written in the same form. By the letter, however few there
 * were: of three rows that become one nobody but their owner knows whether they mattered.
 *
 * @param ratio less than this part is a cliff; exactly it is none
 */
export function isCliff(before: Volume, after: Volume, ratio: number = cliffRatio): boolean {
  return fallen(before, after, ratio).length > 0;
}

/** By which measures it is a cliff. */
export function fallen(
  before: Volume,
  after: Volume,
  ratio: number = cliffRatio,
): readonly ('rows' | 'bytes')[] {
  const hasFewerRows =
    before.rows !== undefined && after.rows !== undefined && after.rows < before.rows * ratio;
  const hasFewerBytes = before.form === after.form && after.bytes < before.bytes * ratio;
  return [...(hasFewerRows ? (['rows'] as const) : []), ...(hasFewerBytes ? (['bytes'] as const) : [])];
}
