import { Annotations } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { keepOf } from '../core/retention/keep.ts';
import type { Keep } from '../core/retention/shapes.ts';
import { transitionsOf } from './bucket-from-config.ts';
import { leastDays } from './config/contradictions/transitions.ts';
import type { Config } from './config/schema.ts';

/** How many days apart the backups are that a rule keeps, where there is one a day at least. */
const daysApart = { hourly: 1 / 24, daily: 1, weekly: 7, monthly: 31, yearly: 366 } as const;

/**
 * How old the oldest backup becomes, in days, where one is taken each day; undefined where nobody can say: some stay for
 * ever, or the newest so many stay, whenever they were taken.
 */
export function oldestDays(keep: Keep): number | undefined {
  const { within: { years = 0, months = 0, weeks = 0, days = 0, hours = 0 } = {}, last } = keep;
  if (last !== undefined) return undefined;
  let oldest = years * 366 + months * 31 + weeks * 7 + days + hours / 24;
  for (const [rule, apart] of Object.entries(daysApart)) {
    const count = keep[rule as keyof typeof daysApart] ?? 0;
    if (count === 'all') return undefined;
    oldest = Math.max(oldest, count * apart);
  }
  return Math.ceil(oldest);
}

/** Moves that retention makes pointless, which cost money and break nothing. */
export function warnOfTransitions(scope: Construct, { bucket, prune }: Config): void {
  const oldest = prune && oldestDays(keepOf(prune.keep));
  if (oldest === undefined) return;
  for (const { storageClass, afterDays } of transitionsOf(bucket)) {
    const paid = afterDays + leastDays[storageClass];
    if (oldest >= paid) continue;
    const why =
      oldest <= afterDays
        ? 'nothing ever moves there'
        : `S3 bills ${storageClass} for ${leastDays[storageClass]} days, until day ${paid}, whenever an object is deleted`;
    Annotations.of(scope).addWarningV2(
      `pgproof:transition:${storageClass}`,
      `bucket.transition moves archives to ${storageClass} after ${afterDays} days, and prune.keep has the oldest for about ${oldest}: ${why}. Keep some for longer, or leave this transition out.`,
    );
  }
}
