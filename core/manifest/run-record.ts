import * as z from 'zod';
import { encodeName } from './backup-id.ts';
import { listOf, parseJsonObject } from './document.ts';

/** One run of one schedule of a source, good or not: by it the next one knows what is due. */
export const runRecordSchema = z.looseObject({
  formatVersion: z.literal(1),
  source: z.string(),
  schedule: z.string(),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  ok: z.boolean(),
  /** What people were told, a line each. */
  problems: listOf(z.string()),
  /** Ids of the backups that were made. */
  backups: listOf(z.string()),
  /** When each schedule of the source was last begun, so that the newest records say all. */
  last: z.record(z.string(), z.iso.datetime()),
});

export type RunRecord = z.infer<typeof runRecordSchema>;

/** The folder with the records of all sources, with its slash. No source can be called `status`. */
export const runRecordsFolder = 'status/runs/';

/** The folder with the records of a source, with its slash. */
export function runRecordFolder(source: string): string {
  return `${runRecordsFolder}${encodeName(source)}/`;
}

/** Sorts as time does. */
export function runRecordKey(source: string, startedAt: Date): string {
  return `${runRecordFolder(source)}${startedAt.toISOString().replaceAll(':', '-')}.json`;
}

const stamp = /\/(\d{4}-\d{2}-\d{2})T(\d{2})-(\d{2})-(\d{2}\.\d{3}Z)\.json$/;

/** When the run began whose record lies under a key; undefined where that is none of ours. */
export function runRecordTime(key: string): Date | undefined {
  const [, date, hours, minutes, seconds] = stamp.exec(key) ?? [];
  if (date === undefined) return undefined;
  const time = new Date(`${date}T${hours}:${minutes}:${seconds}`);
  return Number.isNaN(time.getTime()) ? undefined : time;
}

/** @throws ManifestUnreadable where the bytes are no JSON, or the JSON no such document */
export function parseRunRecord(bytes: Uint8Array, where: string): RunRecord {
  return parseJsonObject(bytes, where, runRecordSchema, 'record of a run');
}
