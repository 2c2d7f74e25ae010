import { BackupFailed, shortfallOf } from '../core/backup/report.ts';
import { ConfigurationError } from '../core/config/problem.ts';
import { messageOf, PgproofError, UsageError } from '../core/errors.ts';
import { Interrupted } from '../core/process/interrupted.ts';
import { withoutSecrets } from '../core/process/redact.ts';
import { tell } from './output/edge.ts';
import { indented } from './output/indented.ts';
import { hasPrintedResult, printJson } from './output/result.ts';
import { styleFor } from './output/style.ts';

/** The command's exit status: 1 the work failed, 2 the call was wrong, 128 + n ended by a signal. */
export function exitStatusOf(error: unknown): number {
  if (error instanceof Interrupted) return error.exitStatus;
  return error instanceof UsageError ? 2 : 1;
}

/** Tells a person what went wrong, on standard error. What pgproof did not foresee comes with its class. */
export function tellFailure(error: unknown): void {
  const [first = '', ...more] = withoutSecrets(textOf(error)).split('\n');
  const stack = process.env.PGPROOF_DEBUG && error instanceof Error ? withoutSecrets(error.stack ?? '') : '';
  tell(process.stderr, [
    `${styleFor(process.stderr).red('pgproof:')} ${first}`,
    ...more.flatMap(indented),
    ...(stack === '' ? [] : stack.split('\n')),
  ]);
}

function textOf(error: unknown): string {
  // Each was told in full when it happened.
  if (error instanceof BackupFailed) return shortfallOf(error.report);
  const name = error instanceof PgproofError ? '' : `${error instanceof Error ? error.name : 'Error'}: `;
  return `${name}${messageOf(error)}`;
}

/**
 * Tells a program the same, on standard output, so that `--json` always leaves one document there: the result, or
 * `{ "error": … }` where it did not come to one.
 */
export function printFailure(error: unknown): void {
  if (hasPrintedResult()) return;
  const { problem } = error instanceof PgproofError ? error : {};
  const parts = Object.entries({ message: messageOf(error), ...problem });
  const problems = error instanceof ConfigurationError ? { problems: error.problems } : {};
  printJson({
    error: {
      name: error instanceof Error ? error.name : 'Error',
      ...Object.fromEntries(parts.map(([key, text]) => [key, text && withoutSecrets(text)])),
      ...problems,
    },
  });
}
