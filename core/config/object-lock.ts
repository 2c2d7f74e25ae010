import { UsageError } from '../errors.ts';
import { type ObjectLockMode, objectLockModes } from '../vocabulary.ts';
import { most } from './options.ts';

/** How long, from the moment at which it is written, the store lets nobody delete a backup. */
export type LockFor = { readonly mode: ObjectLockMode; readonly days: number };

/**
 * At upload, of what runs every night: less than a person may ask for, because what a typo there has locked nobody ends.
 * Prune makes the locks of those that it keeps longer, as far ahead again.
 */
export const mostNightlyLockDays = 400;

const dayMs = 86_400_000;

/** Reads MODE:DAYS, such as `governance:30`. @throws UsageError */
export function parseObjectLock(text: string): LockFor {
  const [, word, digits] = /^([a-z]+):(\d{1,5})$/.exec(text) ?? [];
  const mode = objectLockModes.find((one) => one === word);
  const days = Number(digits);
  if (mode === undefined || days < 1 || days > most.lockDays) {
    throw new UsageError({
      what: 'The object lock is none',
      got: JSON.stringify(text),
      expected: `governance:DAYS or compliance:DAYS, 1 to ${most.lockDays} days`,
      fix: 'Write governance:30. What is locked in compliance mode nobody can delete before its time, nor can AWS.',
    });
  }
  return { mode, days };
}

/** As `parseObjectLock` reads it. */
export function formatObjectLock({ mode, days }: LockFor): string {
  return `${mode}:${days}`;
}

/** The lock of what is written at this moment. */
export function lockFrom(
  lock: LockFor | undefined,
  now: Date,
): { readonly mode: ObjectLockMode; readonly until: Date } | undefined {
  return lock && { mode: lock.mode, until: new Date(now.getTime() + lock.days * dayMs) };
}
