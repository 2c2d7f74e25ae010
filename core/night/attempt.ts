import { messageOf } from '../errors.ts';
import { describeFailure } from '../notify/describe-failure.ts';
import { Interrupted } from '../process/interrupted.ts';
import type { Done, NightDependencies } from './request.ts';

/**
 * What a part of a night came to. One that fails and tells nobody is told here.
 *
 * @param isKnown whether people hear of this failure anyway
 * @throws Interrupted
 */
export async function attempt(
  work: () => Promise<Done>,
  about: {
    readonly work: 'backup' | 'copy' | 'prune';
    readonly source: string;
    readonly store: string;
    readonly schedule?: string;
    readonly what?: string;
  },
  { notifier, signal, clock }: NightDependencies,
  isKnown: (failure: string) => boolean = () => false,
): Promise<Done> {
  const before = notifier.outcomes.length;
  const isTold = (): boolean => notifier.outcomes.slice(before).some(({ result }) => result !== 'good');
  const { what: begin, ...rest } = about;
  try {
    const done = await work();
    signal.throwIfAborted();
    if (!done.ok && !isTold())
      await notifier.tell({
        ...rest,
        result: 'failed',
        at: clock(),
        what: 'It did not go well',
        fix: 'Run it by hand.',
      });
    return done;
  } catch (error: unknown) {
    throwIfInterrupted(signal, error);
    const failure = describeFailure(error);
    if (!isTold() && !isKnown(failure.what)) {
      const what = begin === undefined ? failure.what : `${begin}: ${failure.what}`;
      await notifier.tell({ ...rest, ...failure, what, result: 'failed', at: clock() });
    }
    return { ok: false, report: { error: { message: messageOf(error) } } };
  }
}

export function throwIfInterrupted(signal: AbortSignal, error: unknown): void {
  signal.throwIfAborted();
  if (error instanceof Interrupted) throw error;
}
