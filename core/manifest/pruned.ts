import * as z from 'zod';
import { listOf, parseJsonObject } from './document.ts';

/** Beside the manifest from shortly before prune deletes it until nothing of the backup is left: what it had begun. */
export const prunedName = 'pruned.json';

export const prunedSchema = z.looseObject({
  formatVersion: z.literal(1),
  /** Of the backup. */
  id: z.string(),
  prunedAt: z.iso.datetime(),
  /** All that is to be deleted, as names below the backup: what the manifest named, and documents of ours. */
  objects: listOf(z.string()),
});

export type Pruned = z.infer<typeof prunedSchema>;

/** @throws ManifestUnreadable where the bytes are no JSON, or the JSON no such document */
export function parsePruned(bytes: Uint8Array, where: string): Pruned {
  return parseJsonObject(bytes, where, prunedSchema, 'record of prune');
}
