import type { Context } from 'aws-lambda';
import { PgproofError } from '../../core/errors.ts';

/** Lambda's time limit is near: what is left is needed to abort uploads and to send the alert. */
export class DeadlineReached extends PgproofError {
  override readonly name = 'DeadlineReached';
}

/** Kept back from Lambda's limit to end children, abort uploads, write a verdict and send the alert. */
export const deadlineReserveSeconds = 30;

const smallerDumps =
  'Give it more memory (CPU grows with it), fewer databases per run, or --format directory with jobs; past 15 minutes, run the pgproof command elsewhere.';

/**
 * Runs `work` with a signal that aborts a while before Lambda would kill the function.
 * @param fix what to do where that happens
 */
export async function withDeadline<T>(
  context: Pick<Context, 'getRemainingTimeInMillis'>,
  work: (signal: AbortSignal) => Promise<T>,
  fix: string = smallerDumps,
): Promise<T> {
  const controller = new AbortController();
  const left = context.getRemainingTimeInMillis();
  // A function with a limit of seconds still gets half of it for the work.
  const milliseconds = Math.max(left - deadlineReserveSeconds * 1_000, left / 2);
  const timer = setTimeout(() => {
    controller.abort(
      new DeadlineReached({
        what: "The function's time limit was reached before the work was done",
        got: `stopped after ${Math.round(milliseconds / 1_000)} s of ${Math.round(left / 1_000)} s`,
        fix,
      }),
    );
  }, milliseconds);
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * When work that is done piece by piece begins no further piece: a minute, or half of a short limit, before Lambda would
 * kill the function, so that the piece in hand and the alert have their time.
 */
export function stopBefore(
  { getRemainingTimeInMillis }: Pick<Context, 'getRemainingTimeInMillis'>,
  now: Date,
): Date {
  const left = getRemainingTimeInMillis();
  return new Date(now.getTime() + Math.max(left - 2 * deadlineReserveSeconds * 1_000, left / 2));
}
