import { readBytes, readOr } from '../inventory/read-document.ts';
import { serialize, Unreadable } from '../manifest/document.ts';
import {
  parseRunRecord,
  type RunRecord,
  runRecordFolder,
  runRecordKey,
  runRecordTime,
} from '../manifest/run-record.ts';
import type { PrunableStore } from '../store/prunable.ts';
import { ObjectExists, type ReadOptions } from '../store/store.ts';

/** Each says when every schedule was last begun. Several, because one may be damaged, or two machines may have been at it. */
const readRecords = 20;
const keptMs = 100 * 86_400_000;
/** What lies further ahead than clocks differ was written by one that was wrong, and would keep a schedule from being due. */
const aheadMs = 3_600_000;

/**
 * When each schedule of a source was last begun, as far as anybody knows.
 *
 * @throws StoreUnusable
 */
export async function lastRuns(
  store: PrunableStore,
  source: string,
  now: Date,
  options: ReadOptions,
): Promise<ReadonlyMap<string, Date>> {
  const keys: string[] = [];
  const limit = now.getTime() + aheadMs;
  for await (const { key } of store.list(runRecordFolder(source), options)) {
    const time = runRecordTime(key);
    if (time !== undefined && time.getTime() <= limit) keys.push(key);
  }
  const last = new Map<string, Date>();
  const learn = (schedule: string, text: string): void => {
    const time = new Date(text);
    if (time.getTime() <= limit && time > (last.get(schedule) ?? new Date(0))) last.set(schedule, time);
  };
  for (const key of keys.sort().slice(-readRecords)) {
    const record = await readRecord(store, key, options);
    if (record === undefined || record.source !== source) continue;
    learn(record.schedule, record.startedAt);
    for (const [schedule, text] of Object.entries(record.last)) learn(schedule, text);
  }
  return last;
}

/** A damaged one is as if it were not there: at worst a schedule is done once more. */
async function readRecord(
  store: PrunableStore,
  key: string,
  options: ReadOptions,
): Promise<RunRecord | undefined> {
  const bytes = await readBytes(store, key, 0, options);
  if (bytes === undefined || bytes instanceof Unreadable) return undefined;
  const record = readOr(() => parseRunRecord(bytes, key));
  return record instanceof Unreadable ? undefined : record;
}

/** Two machines may begin in the same millisecond. */
const tries = 5;

/** Leaves the record of a run, never in the place of another one. @throws StoreUnusable */
export async function writeRunRecord(store: PrunableStore, record: RunRecord): Promise<void> {
  const startedAt = new Date(record.startedAt).getTime();
  for (let later = 0; ; later += 1) {
    try {
      await store.create(runRecordKey(record.source, new Date(startedAt + later)), serialize(record));
      return;
    } catch (error: unknown) {
      if (!(error instanceof ObjectExists) || later >= tries) throw error;
    }
  }
}

/** Takes away what is older than a hundred days. What may not be deleted stays: a few small files. @throws StoreUnusable */
export async function removeOldRecords(
  store: PrunableStore,
  source: string,
  now: Date,
  options: ReadOptions,
): Promise<void> {
  const old: string[] = [];
  for await (const { key } of store.list(runRecordFolder(source), options)) {
    const time = runRecordTime(key);
    if (time !== undefined && now.getTime() - time.getTime() > keptMs) old.push(key);
  }
  if (old.length > 0) await store.remove(old, options);
}
