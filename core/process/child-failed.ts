import { PgproofError } from '../errors.ts';
import { howSignalled } from './ended-by-signal.ts';
import { failureAdvice } from './failure-advice.ts';
import type { ChildExit } from './run-child.ts';

/** A program ended with a status other than 0, or by a signal. */
export class ChildFailed extends PgproofError {
  override readonly name = 'ChildFailed';
  /** Its plain name: `pg_dump`. */
  readonly program: string;
  readonly exit: ChildExit;

  constructor(program: string, exit: ChildExit) {
    super({
      what: howEnded(program, exit),
      got: lastWords(exit.stderrTail),
      fix: adviceFor(exit),
    });
    this.program = program;
    this.exit = exit;
  }
}

/** Throws unless the exit is the one that means success: status 0 and no signal. */
export function assertExitedWell(program: string, exit: ChildExit): void {
  if (exit.code !== 0 || exit.signal !== null) throw new ChildFailed(program, exit);
}

/** `pg_dump ended with exit status 1`, or which signal ended it and what is known of why. */
export function howEnded(program: string, exit: ChildExit): string {
  return exit.signal === null
    ? `${program} ended with exit status ${exit.code}`
    : howSignalled(program, exit);
}

/**
 * What PostgreSQL's programs say when they fail, without what they say when all is well (`--verbose` reports every
 * table): from the first line marked as an error on.
 */
export function lastWords(stderrTail: string): string | undefined {
  const lines = stderrTail.split('\n').filter((line) => line.trim() !== '');
  const spoken = lines.filter((line) => /\b(error|fatal|panic|detail|hint|warning):/i.test(line));
  const words = (spoken.length > 0 ? spoken : lines.slice(-3)).slice(-8).map(shorten).join('\n');
  return words === '' ? undefined : words;
}

/** A LOCK TABLE names every table there is, a COPY every column. */
function shorten(line: string): string {
  return line.length <= 400 ? line : `${line.slice(0, 399)}…`;
}

/**
 * The one line of a program's words that says most: what the server answered, else the first line, without the
 * program's name in front.
 */
export function gist(words: string): string {
  const fromServer = /Error message from server: (.*)/.exec(words)?.[1];
  return (fromServer ?? words.split('\n')[0] ?? '').replace(/^\w+: (?:error|fatal): /, '');
}

function adviceFor(exit: ChildExit): string {
  const words = lastWords(exit.stderrTail) ?? '';
  const known = failureAdvice(words);
  if (known !== undefined) return known;
  if (exit.lackedMemory) return 'Give it more memory, or fewer jobs.';
  return 'Nothing was kept of it. Mend the cause and run again.';
}
