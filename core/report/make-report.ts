import { checkStore } from '../inventory/check-store.ts';
import { ClosedFolders } from '../inventory/closed-folders.ts';
import { findBackups, type InventoryFilter } from '../inventory/find-backups.ts';
import { RecordUnreadable, readRecord } from '../inventory/prune-record.ts';
import { Room } from '../inventory/room.ts';
import { type BackupId, encodeName, formatId, idInKey } from '../manifest/backup-id.ts';
import { type PruneRecord, pruneRecordKey, removedRemembered } from '../manifest/prune-record.ts';
import type { ReadOptions, Store } from '../store/store.ts';
import { oneLine } from '../text/one-line.ts';
import { composeReport, type Part, partOf } from './compose.ts';
import type { Report } from './document.ts';
import { isWithin } from './one-backup.ts';
import type { DatabaseFacts, Gone } from './one-database.ts';
import type { Period } from './period.ts';
import { type Database, readDatabase } from './read-database.ts';
import { readRuns } from './read-runs.ts';

/** Made of JSON, a few large manifests take many times their bytes. */
const heldBytes = 16 * 1024 * 1024;

/**
 * The evidence of a month, of what lies in the store now: no document but those that say something of it is read, and of each
 * as much is kept as the report says. What is wrong with one of them is a line of the report.
 *
 * @throws StoreUnusable where the store cannot be read, or is none
 */
export async function makeReport(
  store: Store,
  request: {
    readonly period: Period;
    readonly filter: InventoryFilter;
    readonly by: string;
    readonly version: string;
  },
  { madeAt, ...options }: ReadOptions & { readonly madeAt: Date },
): Promise<Report> {
  const { period, filter, by, version } = request;
  const closed = new ClosedFolders();
  const found = await findBackups(store, filter, { ...options, onUnreadable: closed.onUnreadable });
  if (found.length === 0 && closed.all.length === 0) await checkStore(store, options);
  const there = new Set<string>();
  const databases = new Map<string, Database>();
  const databaseOf = ({ source, database }: BackupId): Database => {
    const name = `${encodeName(source)}/${encodeName(database)}`;
    const known = databases.get(name) ?? { source, database, listed: [], made: [] };
    databases.set(name, known);
    return known;
  };
  for (const one of found) {
    if (one.id.startedAt.getTime() >= period.to) continue;
    if (isWithin(one.id.startedAt.getTime(), period)) there.add(formatId(one.id));
    databaseOf(one.id).listed.push(one);
  }
  const wants = (id: BackupId): boolean =>
    isWithin(id.startedAt.getTime(), period) &&
    !there.has(formatId(id)) &&
    (filter.source === undefined || id.source === filter.source) &&
    (filter.database === undefined || id.database === filter.database);
  const runs = await readRuns(store, { source: filter.source, period, wants }, options);
  // Of some there may be nothing left.
  for (const id of runs.made) databaseOf(id).made.push(id);
  const unreadable = [
    ...runs.unreadable,
    ...closed.all.map(({ folder, why }) => ({ key: `${folder}/`, why: oneLine(why) })),
  ];
  const parts: Part[] = [];
  const room = new Room(heldBytes);
  const inOrder = [...databases].sort(([one], [other]) => (one < other ? -1 : 1));
  for (const [, database] of inOrder) {
    const past = await goneOf(store, database, { there, unreadable }, options);
    parts.push(partOf(await readDatabase(store, database, { period, ...past, room }, options), period));
  }
  return composeReport(
    { parts, failedRuns: runs.failed, unreadable, isWhole: closed.all.length === 0 },
    {
      period,
      madeAt,
      madeBy: { pgproof: version, by },
      store: store.url,
      only: { source: filter.source ?? null, database: filter.database ?? null },
    },
  );
}

/** What prune removed, and what runs made that nobody says was removed. */
async function goneOf(
  store: Store,
  { source, database, made }: Database,
  found: {
    readonly there: ReadonlySet<string>;
    readonly unreadable: Report['unreadable'];
  },
  options: ReadOptions,
): Promise<Pick<DatabaseFacts, 'gone' | 'rememberedSince'>> {
  const gone = new Map<string, Gone>();
  const add = (id: BackupId, removedByPrune: boolean): void =>
    void gone.set(formatId(id), { id: formatId(id), startedAt: id.startedAt.getTime(), removedByPrune });
  for (const id of made) add(id, false);
  let rememberedSince: number | undefined;
  try {
    const record = await readRecord(store, { source, database }, options);
    rememberedSince = rememberedBy(record);
    for (const { id: text } of record?.removed ?? []) {
      const id = idInKey(text);
      const isOwn = id !== undefined && id.source === source && id.database === database;
      if (isOwn && !found.there.has(text)) add(id, true);
    }
  } catch (error: unknown) {
    if (!(error instanceof RecordUnreadable)) throw error;
    found.unreadable.push({
      key: pruneRecordKey({ source, database }),
      why: oneLine(error.problem.got ?? ''),
    });
  }
  return {
    gone: [...gone.values()].sort((one, other) => one.startedAt - other.startedAt),
    rememberedSince,
  };
}

/** Since when prune can tell what it removed; undefined where it forgot nothing yet. */
function rememberedBy(record: PruneRecord | undefined): number | undefined {
  const { removed = [] } = record ?? {};
  if (removed.length < removedRemembered) return undefined;
  return Math.min(...removed.map(({ at }) => Date.parse(at)));
}
