import { constants } from 'node:os';
import { PgproofError } from '../functions/shared/errors.ts';

/** Ctrl-C, or a request to end from the system. */
export class Interrupted extends PgproofError {
  override readonly name = 'Interrupted';
  /** 128 + the signal's number, as shells have it: 130 for Ctrl-C, 143 for SIGTERM. */
  readonly exitStatus: number;

  constructor(signal: NodeJS.Signals) {
    super({
      what: `The run was interrupted (${signal})`,
      fix: 'What was under way was stopped, and nothing half-done was left; run it again.',
    });
    this.exitStatus = 128 + (constants.signals[signal] ?? 0);
  }
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs `work` with a signal that aborts on Ctrl-C and its like. The first time, everything is brought to an orderly
 * end; the second time the process just ends.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    if (controller.signal.aborted) process.exit(new Interrupted(signal).exitStatus);
    controller.abort(new Interrupted(signal));
  };
  for (const signal of signals) process.on(signal, onSignal);
  try {
    const result = await work(controller.signal);
    // Work that failed in part because of the interruption must not look like work that failed by itself.
    controller.signal.throwIfAborted();
    return result;
  } finally {
    for (const signal of signals) process.off(signal, onSignal);
  }
}
