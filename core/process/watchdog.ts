import { PgproofError } from '../errors.ts';

/** Work that stood still for too long. */
export class Stalled extends PgproofError {
  override readonly name = 'Stalled';
}

/**
 * Aborts `signal` when `touch` was not called for `seconds`. Asked for because a dump that hangs (a lost
 * connection without a reset, a lock, a store that takes no bytes) neither fails nor ends.
 */
export function watchdog(
  seconds: number,
  work: string,
): { signal: AbortSignal; touch: () => void; stop: () => void } {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort(
      new Stalled({
        what: `${work} was stopped`,
        got: `no progress for ${seconds} s`,
        fix: 'Look for a lock on the server, a slow store or a lost connection; --stall-timeout allows more.',
      }),
    );
  }, seconds * 1_000);
  return { signal: controller.signal, touch: () => void timer.refresh(), stop: () => clearTimeout(timer) };
}
