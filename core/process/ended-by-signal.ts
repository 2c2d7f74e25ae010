import type { ChildExit } from './run-child.ts';

/** What the kernel sends to a program that breaks its own rules, or that gives up by itself: nobody else does. */
const crashes: ReadonlySet<NodeJS.Signals> = new Set(['SIGSEGV', 'SIGBUS', 'SIGABRT', 'SIGILL', 'SIGFPE']);

/** Whether a program broke, rather than was stopped by somebody. */
export function hasCrashed({ signal }: Pick<ChildExit, 'signal'>): boolean {
  return signal !== null && crashes.has(signal);
}

/**
 * How a program ended that a signal ended, and as much of the reason as is known: the kernel counts whom it ends for lack
 * of memory, so that nobody need guess.
 */
export function howSignalled(program: string, { signal, lackedMemory }: ChildExit): string {
  if (signal === null) throw new Error('no signal ended it');
  if (hasCrashed({ signal })) return `${program} was killed by ${signal}: it crashed`;
  const killed = `${program} was killed by ${signal}, not by pgproof`;
  if (signal !== 'SIGKILL') return killed;
  switch (lackedMemory) {
    case true:
      return `${killed}: memory ran out, and the kernel took it back`;
    case false:
      return `${killed}, and not for lack of memory, for the kernel counts none: somebody, or another program, ended it`;
    case undefined:
      return `${killed}; this system does not tell who did`;
  }
}
