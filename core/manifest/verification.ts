import * as z from 'zod';
import { type Level, levels, type Verdict, verdicts } from '../vocabulary.ts';
import { parseJsonObject } from './manifest.ts';

const checkSchema = z.looseObject({
  name: z.string(),
  status: z.enum(['passed', 'failed', 'unverifiable']),
  /** One line for people: what was found, or what is missing. */
  detail: z.string(),
});

export const verificationSchema = z.looseObject({
  formatVersion: z.literal(1),
  id: z.string(),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  level: z.enum(levels),
  verdict: z.enum(verdicts),
  checks: z.array(checkSchema),
});

export type Check = z.infer<typeof checkSchema>;
export type Verification = z.infer<typeof verificationSchema>;

/** @throws ManifestUnreadable */
export function parseVerification(bytes: Uint8Array, where: string): Verification {
  return parseJsonObject(bytes, where, verificationSchema, 'verification');
}

/**
 * What a verification's checks add up to. A backup that failed one check is failed whatever else could not be
 * decided; a check that could not be decided keeps the rest from being called good.
 */
export function verdictOf(level: Level, checks: readonly Check[]): Verdict {
  if (checks.some((check) => check.status === 'failed')) return 'failed';
  if (checks.length === 0 || checks.some((check) => check.status === 'unverifiable')) return 'unverifiable';
  return level === 'restore' ? 'proven' : 'intact';
}

const isGood: Readonly<Record<Verdict, boolean>> = {
  proven: true,
  intact: true,
  failed: false,
  unverifiable: false,
};

/** Whether a backup with this verdict counts as good: everything that was asked of it was found in order. */
export function isGoodVerdict(verdict: Verdict): boolean {
  return isGood[verdict];
}
