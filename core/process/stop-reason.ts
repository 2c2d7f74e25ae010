import { messageOf } from '../errors.ts';

/** Why it was stopped, as the one who aborted says. */
export function stopReason(signal: AbortSignal): string {
  return `stopped: ${messageOf(signal.reason)}`;
}
