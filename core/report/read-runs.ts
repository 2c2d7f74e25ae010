import { readAhead } from '../inventory/list-backups.ts';
import { readBytes, readOr } from '../inventory/read-document.ts';
import { type BackupId, idInKey } from '../manifest/backup-id.ts';
import { Unreadable } from '../manifest/document.ts';
import {
  parseRunRecord,
  type RunRecord,
  runRecordFolder,
  runRecordsFolder,
  runRecordTime,
} from '../manifest/run-record.ts';
import { type ReadOptions, type Store, StoreUnusable } from '../store/store.ts';
import { oneLine } from '../text/one-line.ts';
import type { FailedRun, Report } from './document.ts';
import { isWithin } from './one-backup.ts';
import type { Period } from './period.ts';

/** What the nights of a plain server left of a month. */
export type Runs = {
  readonly failed: readonly FailedRun[];
  /** Backups that a run says it made, and that are wanted. */
  readonly made: readonly BackupId[];
  readonly unreadable: Report['unreadable'];
};

const readsAtOnce = 16;
const shownProblems = 20;

/**
 * The records of runs that began in the period. Who may not read them is told so: the backups say the most.
 *
 * @param wants whether anything is to be known of a backup that a run made
 */
export async function readRuns(
  store: Store,
  {
    source,
    period,
    wants,
  }: {
    readonly source: string | undefined;
    readonly period: Period;
    readonly wants: (id: BackupId) => boolean;
  },
  options: ReadOptions,
): Promise<Runs> {
  const folder = source === undefined ? runRecordsFolder : runRecordFolder(source);
  const failed: FailedRun[] = [];
  const made: BackupId[] = [];
  const unreadable: { key: string; why: string }[] = [];
  try {
    const keys = await keysOf(store, folder, period, options);
    for await (const { key, record } of readAhead(keys, readsAtOnce, (key) => readOne(store, key, options))) {
      if (record instanceof Unreadable) {
        unreadable.push({ key, why: oneLine(record.unreadable) });
        continue;
      }
      if (!record.ok) failed.push(failedRun(record));
      for (const text of record.backups) {
        const id = idInKey(text);
        if (id !== undefined && wants(id)) made.push(id);
      }
    }
  } catch (error: unknown) {
    options.signal?.throwIfAborted();
    if (!(error instanceof StoreUnusable)) throw error;
    unreadable.push({ key: folder, why: oneLine(error.message) });
  }
  failed.sort((one, other) => Date.parse(one.startedAt) - Date.parse(other.startedAt));
  return { failed, made, unreadable };
}

async function keysOf(store: Store, folder: string, period: Period, options: ReadOptions): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(folder, options)) {
    const time = runRecordTime(key);
    if (time !== undefined && isWithin(time.getTime(), period)) keys.push(key);
  }
  return keys;
}

/** Undefined where it went away meanwhile. */
async function readOne(
  store: Store,
  key: string,
  options: ReadOptions,
): Promise<{ readonly key: string; readonly record: RunRecord | Unreadable } | undefined> {
  const bytes = await readBytes(store, key, 0, options);
  if (bytes === undefined) return undefined;
  const record = bytes instanceof Unreadable ? bytes : readOr(() => parseRunRecord(bytes, key));
  if (!(record instanceof Unreadable) && !key.startsWith(runRecordFolder(record.source)))
    return { key, record: new Unreadable('it is of another source than its key says') };
  return { key, record };
}

function failedRun({ source, schedule, startedAt, finishedAt, problems }: RunRecord): FailedRun {
  const more = problems.length - shownProblems;
  return {
    source: oneLine(source),
    schedule: oneLine(schedule),
    startedAt: new Date(startedAt).toISOString(),
    finishedAt: new Date(finishedAt).toISOString(),
    problems: [
      ...problems.slice(0, shownProblems).map((problem) => oneLine(problem)),
      ...(more > 0 ? [`and ${more} more`] : []),
    ],
  };
}
