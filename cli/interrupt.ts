import { setMaxListeners } from 'node:events';
import { Interrupted } from '../core/process/interrupted.ts';
import { abortReasonOr } from '../core/process/stop-reason.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

type Work<T> = (signal: AbortSignal) => Promise<T>;
type Left = string | (() => string);

/** What is left where a command is interrupted that only looks. */
export const nothingChanged = 'Nothing was changed.';

/**
 * Runs `work` with a signal that aborts on Ctrl-C and its like. The first time, everything is brought to an orderly
 * end; the second time the process just ends.
 *
 * @param left what is there after an interruption, and how to go on; asked for when the work has come to its end
 */
export function interruptible<T>(work: Work<T>): Promise<T>;
export function interruptible<T>(left: Left, work: Work<T>): Promise<T>;
export async function interruptible<T>(...given: [Work<T>] | [Left, Work<T>]): Promise<T> {
  const [left, work] = given.length === 1 ? [undefined, given[0]] : given;
  const controller = new AbortController();
  // Every read of a store listens to it, and a listing has many at once.
  setMaxListeners(0, controller.signal);
  const onSignal = (signal: NodeJS.Signals): void => {
    if (signal === 'SIGINT' && isTerminalLent) return;
    if (controller.signal.aborted) process.exit(new Interrupted(signal).exitStatus);
    controller.abort(new Interrupted(signal, typeof left === 'string' ? left : undefined));
  };
  for (const signal of signals) process.on(signal, onSignal);
  try {
    const result = await work(controller.signal);
    // Work that failed in part because of the interruption must not look like work that failed by itself.
    controller.signal.throwIfAborted();
    return result;
  } catch (error: unknown) {
    // What Node.js throws where a read is stopped does not say why it was.
    const reason =
      error instanceof Error && error.name === 'AbortError' ? abortReasonOr(controller.signal, error) : error;
    throw reason instanceof Interrupted && typeof left === 'function'
      ? new Interrupted(reason.signal, left())
      : reason;
  } finally {
    for (const signal of signals) process.off(signal, onSignal);
  }
}

let isTerminalLent = false;

/**
 * Leaves Ctrl-C and Ctrl-\\ to another program that has the terminal meanwhile: who types them gets both programs
 * interrupted, for they are of one process group, and means only that one.
 */
export async function lendTerminal<T>(work: () => Promise<T>): Promise<T> {
  const ignore = (): void => undefined;
  process.on('SIGQUIT', ignore);
  isTerminalLent = true;
  try {
    return await work();
  } finally {
    isTerminalLent = false;
    process.off('SIGQUIT', ignore);
  }
}
