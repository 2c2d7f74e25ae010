import * as z from 'zod';
import { encodeName } from './backup-id.ts';
import { listOf, parseJsonObject } from './document.ts';

/** How many of the backups that went are remembered, the latest first. */
export const removedRemembered = 100;

/** What prune did last to the backups of one database: retention compares its clock with it, and a list its classes. */
export const pruneRecordSchema = z.looseObject({
  formatVersion: z.literal(1),
  source: z.string(),
  database: z.string(),
  prunedAt: z.iso.datetime(),
  /** As it can be given again. */
  policy: z.looseObject({
    /** `daily=7,weekly=4`. */
    keep: z.string(),
    min: z.int().nonnegative(),
    timeZone: z.string(),
    verified: z.boolean(),
    /** Absent where it is the default. */
    cliff: z.number().min(0).max(1).optional(),
  }),
  /** What went, and when; the latest first. */
  removed: listOf(z.looseObject({ id: z.string(), at: z.iso.datetime() })),
});

export type PruneRecord = z.infer<typeof pruneRecordSchema>;

/** Beside the backups of a database, as RECOVERY.md is. */
export function pruneRecordKey({
  source,
  database,
}: {
  readonly source: string;
  readonly database: string;
}): string {
  return `${encodeName(source)}/${encodeName(database)}/prune.json`;
}

/** @throws ManifestUnreadable where the bytes are no JSON, or the JSON no such document */
export function parsePruneRecord(bytes: Uint8Array, where: string): PruneRecord {
  return parseJsonObject(bytes, where, pruneRecordSchema, 'record of the last prune');
}
