import { messageOf, PgproofError } from '../errors.ts';
import { ChildFailed, gist } from '../process/child-failed.ts';
import { withoutSecrets } from '../process/redact.ts';
import type { Outcome } from './alert.ts';

/** What an alert says of an error: what happened in one sentence, in the programs' own words, and what to do. */
export function describeFailure(error: unknown): Description {
  const parts = Object.entries(described(error));
  // The last chance: whatever an error holds, an alert is read by many and kept by others.
  return Object.fromEntries(parts.map(([key, text]) => [key, text && withoutSecrets(text)])) as Description;
}

type Description = Pick<Outcome, 'what' | 'headline' | 'words' | 'fix'>;

function described(error: unknown): Description {
  if (!(error instanceof PgproofError))
    return { what: messageOf(error), fix: 'This is a defect of pgproof: please report it.' };
  const { what, got, expected, fix } = error.problem;
  if (got === undefined) return { what, fix };
  const found = `${gist(got)}${expected === undefined ? '' : ` (expected ${expected})`}`;
  // A subject is short: what the server said is worth more there than how the program ended.
  const headline = error instanceof ChildFailed ? `${error.program}: ${found}` : undefined;
  return { what: `${what}: ${found}`, headline, words: got, fix };
}
