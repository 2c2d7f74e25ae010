import { setTimeout as wait } from 'node:timers/promises';
import { abortReasonOr } from '../process/stop-reason.ts';

/** Long enough to take half-written parts away. */
const graceMs = 20_000;

/**
 * Waits for work that listens to `signal`. Once that has aborted the work has some time to come to its own end, and then is
 * not waited for any more: a network file system may keep a call for ever.
 *
 * @throws the signal's reason
 */
export async function untilStopped<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const settled = new AbortController();
  const stopped = new Promise<never>((_, reject) => {
    const onAbort = (): void => {
      wait(graceMs, undefined, { signal: settled.signal }).then(
        () => reject(signal.reason),
        () => undefined,
      );
    };
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true, signal: settled.signal });
  });
  try {
    return await Promise.race([work, stopped]);
  } catch (error: unknown) {
    throw abortReasonOr(signal, error);
  } finally {
    settled.abort();
  }
}
