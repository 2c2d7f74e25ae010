import * as z from 'zod';
import { parseJsonObject } from './document.ts';

/** Beside the manifest while somebody wants the backup kept, whatever retention says. */
export const holdName = 'hold.json';
/** Beside the manifest once somebody said that what came after it is no accident (the cliff of retention's rules). */
export const releaseName = 'release.json';

export const holdSchema = z.looseObject({
  formatVersion: z.literal(1),
  /** Of the backup. */
  id: z.string(),
  reason: z.string().min(1),
  /** Who: a user and a machine, or an AWS identity. */
  by: z.string(),
  heldAt: z.iso.datetime(),
  /** Until when; absent where nobody said. */
  until: z.iso.datetime().optional(),
});

export const releaseSchema = z.looseObject({
  formatVersion: z.literal(1),
  /** Of the backup. */
  id: z.string(),
  by: z.string(),
  releasedAt: z.iso.datetime(),
  reason: z.string().optional(),
});

export type Hold = z.infer<typeof holdSchema>;
export type Release = z.infer<typeof releaseSchema>;

/** @throws ManifestUnreadable where the bytes are no JSON, or the JSON no hold */
export function parseHold(bytes: Uint8Array, where: string): Hold {
  return parseJsonObject(bytes, where, holdSchema, 'hold');
}

/** @throws ManifestUnreadable where the bytes are no JSON, or the JSON no release */
export function parseRelease(bytes: Uint8Array, where: string): Release {
  return parseJsonObject(bytes, where, releaseSchema, 'release');
}
