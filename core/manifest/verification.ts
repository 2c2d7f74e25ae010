import * as z from 'zod';
import { parseJsonObject } from './manifest.ts';

/** How deep a verification goes; each level includes those before it. */
export const levels = ['checksum', 'read', 'restore'] as const;
export type Level = (typeof levels)[number];

/** What may be asked for: a level, or `auto`, which is `restore` where that fits into room and time, else `read`. */
export const levelChoices = [...levels, 'auto'] as const;
export type LevelChoice = (typeof levelChoices)[number];

export const verdicts = ['proven', 'intact', 'failed', 'unverifiable'] as const;
export type Verdict = (typeof verdicts)[number];

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
