import { setMaxListeners } from 'node:events';
import { Interrupted } from '../core/process/interrupted.ts';
import { abortReasonOr } from '../core/process/stop-reason.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs `work` with a signal that aborts on Ctrl-C and its like. The first time, everything is brought to an orderly
 * end; the second time the process just ends.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  // Every read of a store listens to it, and a listing has many at once.
  setMaxListeners(0, controller.signal);
  const onSignal = (signal: NodeJS.Signals): void => {
    if (signal === 'SIGINT' && isTerminalLent) return;
    if (controller.signal.aborted) process.exit(new Interrupted(signal).exitStatus);
    controller.abort(new Interrupted(signal));
  };
  for (const signal of signals) process.on(signal, onSignal);
  try {
    const result = await work(controller.signal);
    // Work that failed in part because of the interruption must not look like work that failed by itself.
    controller.signal.throwIfAborted();
    return result;
  } catch (error: unknown) {
    // What Node.js throws where a read is stopped does not say why it was.
    throw error instanceof Error && error.name === 'AbortError'
      ? abortReasonOr(controller.signal, error)
      : error;
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
