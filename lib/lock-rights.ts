import { Effect, PolicyStatement } from 'aws-cdk-lib/aws-iam';
import type { LockFor } from '../core/config/object-lock.ts';
import type { ObjectLockMode } from '../core/vocabulary.ts';

/**
 * S3 counts a part of a day as a day, from its own clock: a function whose clock is a second ahead asks for one more.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock-managing.html
 */
const clockDays = 1;

const longer = (days: number): object => ({
  's3:object-lock-remaining-retention-days': String(days + clockDays),
});

/**
 * What locks objects, for no longer and no harder than was configured: a compliance lock of a hundred years is a bill that
 * nobody can end. A put with a lock in its headers needs s3:PutObjectRetention too, on the same conditions. Nobody shortens
 * one: in governance mode that takes s3:BypassGovernanceRetention, which every role is denied.
 */
export function mayLock({ mode, days }: LockFor, arns: readonly string[]): PolicyStatement[] {
  const lock = ['s3:PutObjectRetention', 's3:PutObject'];
  const other: ObjectLockMode = mode === 'governance' ? 'compliance' : 'governance';
  return [
    new PolicyStatement({
      sid: 'LockObjects',
      actions: ['s3:PutObjectRetention'],
      resources: [...arns],
      conditions: {
        NumericLessThanEquals: longer(days),
        StringEquals: { 's3:object-lock-mode': mode.toUpperCase() },
      },
    }),
    new PolicyStatement({
      sid: 'LockNoLonger',
      effect: Effect.DENY,
      actions: lock,
      resources: ['*'],
      conditions: { NumericGreaterThan: longer(days) },
    }),
    new PolicyStatement({
      sid: 'LockNoOtherWay',
      effect: Effect.DENY,
      actions: lock,
      resources: ['*'],
      conditions: { StringEquals: { 's3:object-lock-mode': other.toUpperCase() } },
    }),
  ];
}

/**
 * What is locked is not deleted, and in a bucket of the user's it may be by their own doing: whoever deletes asks first,
 * and where it may not ask deletes nothing.
 */
export function mayReadLocks(arns: readonly string[]): PolicyStatement {
  return new PolicyStatement({
    sid: 'ReadLocks',
    actions: ['s3:GetObjectRetention', 's3:GetObjectLegalHold'],
    resources: [...arns],
  });
}
