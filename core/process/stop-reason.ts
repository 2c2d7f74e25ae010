import { messageOf } from '../errors.ts';

/** Why it was stopped, in the words of the code that aborted it. */
export function stopReason(signal: AbortSignal): string {
  return `stopped: ${messageOf(signal.reason)}`;
}

/** What to report of work that failed: why it was aborted, if it was, as `error` is then no more than the result. */
export function abortReasonOr(signal: AbortSignal | undefined, error: unknown): unknown {
  return signal?.aborted ? signal.reason : error;
}
