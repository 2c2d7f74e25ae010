import { describeFailure } from '../../core/notify/describe-failure.ts';
import type { CollectingNotifier } from '../../core/notify/digest.ts';
import { Interrupted } from '../../core/process/interrupted.ts';
import { StoreUnusable } from '../../core/store/store.ts';

/**
 * One part of a step for each source: what cannot be done for one, as a folder that belongs to somebody else, is told and
 * keeps no other from it. A place that is away is away for all, and is told once by whoever started the step.
 *
 * @returns whether it was done for all
 * @throws StoreUnusable of a place as a whole, Interrupted
 */
export async function eachSource<Run extends { readonly source: string }>(
  runs: readonly Run[],
  about: { readonly work: 'copy' | 'prune'; readonly store: string },
  { notifier, signal }: { readonly notifier: CollectingNotifier; readonly signal: AbortSignal },
  work: (run: Run) => Promise<void>,
): Promise<boolean> {
  let isDone = true;
  for (const run of runs) {
    try {
      await work(run);
    } catch (error: unknown) {
      signal.throwIfAborted();
      const isPlace = error instanceof StoreUnusable && !error.isOfObject;
      if (isPlace || error instanceof Interrupted) throw error;
      isDone = false;
      const { source } = run;
      await notifier.tell({ ...about, source, at: new Date(), ...describeFailure(error), result: 'failed' });
    }
  }
  return isDone;
}
