import { isGood, isPass, type Verification } from './verification.ts';

/** What a run found, without the history; and where another verdict is in force all the same, that one. */
export type Verified = Verification & { readonly inForce?: Verification };

/** What is in force after the run. */
export function inForceAfter(verified: Verified): Verification {
  return verified.inForce ?? verified;
}

/** Whether the run found in order what it was asked for, and the backup is good: nobody has to look at it. */
export function isInOrder(verified: Verified): boolean {
  return isPass(verified.verdict) && isGood(inForceAfter(verified));
}
