import { Option } from 'commander';
import type { Uncontained } from '../core/postgres/server/uncontained.ts';
import type { VerifyRequest } from '../core/verify/request.ts';
import { wholeNumber } from './options.ts';

/** What a verification by restore may do to this machine. */
export type RestoreFlags = {
  readonly allowUncontained?: true;
  /** Seconds. */
  readonly restoreTimeout?: number;
};

export function allowUncontainedOption(): Option {
  return new Option(
    '--allow-uncontained',
    "restore also where nothing keeps a backup's SQL from this machine: as root, and no PostgreSQL server within reach",
  );
}

export function restoreTimeoutOption(): Option {
  return new Option(
    '--restore-timeout <s>',
    'seconds that a restore and its comparison may take (default: ten times the estimate, 600 at least)',
  ).argParser(wholeNumber(1, mostSeconds));
}

/** Two weeks: Node.js's timers take hardly more. */
const mostSeconds = 1_209_600;

export function uncontainedFrom({ allowUncontained }: RestoreFlags): Uncontained {
  return allowUncontained === true ? 'asked-for' : 'refused';
}

export function timeoutFrom({ restoreTimeout }: RestoreFlags): Pick<VerifyRequest, 'restoreSeconds'> {
  return restoreTimeout === undefined ? {} : { restoreSeconds: restoreTimeout };
}
