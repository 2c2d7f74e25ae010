import { createHash } from 'node:crypto';
import type { ObjectLockMode, S3Client } from '@aws-sdk/client-s3';
import type { ObjectLock } from '../store.ts';

const second = 1000;

/** What S3 is told of a lock. Up to the next whole second: no service keeps less, and some refuse fractions. */
export function lockInput(lock: ObjectLock | undefined): {
  readonly ObjectLockMode?: ObjectLockMode;
  readonly ObjectLockRetainUntilDate?: Date;
} {
  if (lock === undefined) return {};
  return { ObjectLockMode: modeInput(lock), ObjectLockRetainUntilDate: untilInput(lock) };
}

export function modeInput({ mode }: ObjectLock): ObjectLockMode {
  return mode === 'compliance' ? 'COMPLIANCE' : 'GOVERNANCE';
}

export function untilInput({ until }: ObjectLock): Date {
  return new Date(Math.ceil(until.getTime() / second) * second);
}

/**
 * What comes with a lock must come with a digest of its bytes: the CRC that the SDK adds by itself, or, for services that
 * refuse it, an MD5.
 */
export async function digestForLock(
  client: S3Client,
  content: Uint8Array,
): Promise<{ readonly ContentMD5?: string }> {
  if ((await client.config.requestChecksumCalculation()) === 'WHEN_SUPPORTED') return {};
  return { ContentMD5: md5Of(content) };
}

export function md5Of(content: Uint8Array | string): string {
  return createHash('md5').update(content).digest('base64');
}
