import { visibleLines } from './text/visible.ts';

/** The four parts of every message that a person reads: what failed, what was found, what would be right, what to do. */
export type Problem = {
  readonly what: string;
  readonly got?: string | undefined;
  readonly expected?: string | undefined;
  readonly fix: string;
};

/** One sentence per part, in the order in which a person asks. */
export function sentence({ what, got, expected, fix }: Problem): string {
  // What was found is often a whole sentence of another program's.
  const found = got === undefined ? '' : `: ${got.replace(/[.\s]+$/, '')}`;
  const right = expected === undefined ? '' : ` (expected ${expected})`;
  return `${what}${found}${right}. ${fix}`;
}

/**
 * What a message has of each part: what to do must be seen, however long a name in a document is. More than is kept of
 * a program's last words.
 */
const partCharacters = 17_000;

function shortened({ what, got, expected, fix }: Problem): Problem {
  const cut = (part: string): string =>
    part.length <= partCharacters ? part : `${part.slice(0, partCharacters - 1)}…`;
  return {
    what: cut(what),
    got: got === undefined ? undefined : cut(got),
    expected: expected === undefined ? undefined : cut(expected),
    fix,
  };
}

/**
 * The root of every error that pgproof raises on purpose. A subclass sets its own `name`, which alarms and
 * tests may rely on. Anything else that is thrown is a defect and keeps its stack.
 */
export class PgproofError extends Error {
  override readonly name: string = 'PgproofError';
  readonly problem: Problem;

  constructor(problem: Problem, options?: ErrorOptions) {
    // It ends in logs that nobody else escapes; what was found stays as it is in `problem`.
    super(visibleLines(sentence(shortened(problem))), options);
    this.problem = problem;
  }
}

/** The call was wrong: a flag, a name, a configuration. The command ends with exit status 2. */
export class UsageError extends PgproofError {
  override readonly name: string = 'UsageError';
}

/** What was thrown, as a short text; for `catch (error: unknown)`. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
