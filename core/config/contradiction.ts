/** Keys that are each right, but not together. */
export type Contradiction = {
  readonly path: readonly (string | number)[];
  readonly expected: string;
  readonly fix: string;
};

/** A key that another one leaves nothing to say for. */
export function nothingBeside(path: Contradiction['path'], other: string, fix: string): Contradiction {
  return { path, expected: `nothing beside ${other}`, fix };
}
