import { constants } from 'node:os';
import { PgproofError } from '../errors.ts';

/** The user or the system asked for an end: Ctrl-C, SIGTERM. Says nothing about the work itself. */
export class Interrupted extends PgproofError {
  override readonly name = 'Interrupted';
  /** 128 + the signal's number, as shells have it: 130 for Ctrl-C, 143 for SIGTERM. */
  readonly exitStatus: number;

  readonly signal: NodeJS.Signals;

  /** @param left what is there now, and how to go on: each command knows what it has made */
  constructor(signal: NodeJS.Signals, left = 'What was under way was stopped.') {
    super({ what: `The run was interrupted (${signal})`, fix: left });
    this.signal = signal;
    this.exitStatus = 128 + (constants.signals[signal] ?? 0);
  }
}
