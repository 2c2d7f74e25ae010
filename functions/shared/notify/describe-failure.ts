import { messageOf, PgproofError } from '../errors.ts';
import type { Incident } from './alert.ts';

/** What an alert says of an error: what happened in one sentence, and what to do in another. */
export function describeFailure(error: unknown): Pick<Incident, 'what' | 'fix'> {
  if (!(error instanceof PgproofError))
    return { what: messageOf(error), fix: 'This is a defect of pgproof: please report it.' };
  const { what, got, expected, fix } = error.problem;
  const found = got === undefined ? '' : `: ${got}`;
  return { what: `${what}${found}${expected === undefined ? '' : ` (expected ${expected})`}`, fix };
}
