import { type ListedBackup, newestFirst } from '../inventory/entry.ts';
import { readAhead } from '../inventory/list-backups.ts';
import { readEntry } from '../inventory/read-entry.ts';
import type { Room } from '../inventory/room.ts';
import { type BackupId, formatId } from '../manifest/backup-id.ts';
import { documentLimits } from '../manifest/document.ts';
import { manifestName, verificationName } from '../manifest/manifest.ts';
import type { ReadOptions, Store } from '../store/store.ts';
import { type BackupFacts, factsOf, isWithin } from './one-backup.ts';
import type { DatabaseFacts, Gone } from './one-database.ts';
import type { Period } from './period.ts';

const readsAtOnce = 16;
/** Clocks of those who verify and of those who store differ; a day is more than any does. */
const clocksMs = 86_400_000;

/** What the listing and the runs tell of one database. */
export type Database = {
  readonly source: string;
  readonly database: string;
  readonly listed: ListedBackup[];
  /** By a run of the month, and not there any more. */
  readonly made: BackupId[];
};

/**
 * Reads of a database what says something of the period: its backups, those of before that were verified in it, and what
 * there was to restore when it began.
 */
export async function readDatabase(
  store: Store,
  { source, database, listed }: Database,
  {
    period,
    gone,
    rememberedSince,
    room,
  }: Pick<DatabaseFacts, 'gone' | 'rememberedSince'> & { readonly period: Period; readonly room: Room },
  options: ReadOptions,
): Promise<DatabaseFacts> {
  const newest = [...listed].sort(newestFirst);
  const isOfMonth = ({ id }: ListedBackup): boolean => isWithin(id.startedAt.getTime(), period);
  const before = newest.filter((one) => !isOfMonth(one));
  const verified = before.filter((one) => mayBeVerifiedSince(one, period));
  const read = (one: ListedBackup): Promise<BackupFacts | undefined> =>
    room.hold(heldFor(one), async () => {
      const entry = await readEntry(store, one, options);
      return entry && factsOf(entry, period);
    });
  const facts = new Map<string, BackupFacts>();
  const wanted = [...newest.filter(isOfMonth), ...verified];
  for await (const one of readAhead(wanted, readsAtOnce, read)) facts.set(one.backup.id, one);
  const ofStart = new Set<string>();
  const tried = new Set(verified);
  for (const one of before) {
    const id = formatId(one.id);
    const found = facts.get(id) ?? (tried.has(one) ? undefined : await read(one));
    if (found === undefined) continue;
    facts.set(id, found);
    ofStart.add(id);
    if (found.backup.counts && found.finishedAt <= period.from) break;
  }
  const backups = [...facts.values()].filter(
    ({ startedAt, proofs, unreadable, backup }) =>
      isWithin(startedAt, period) || proofs.length > 0 || unreadable.length > 0 || ofStart.has(backup.id),
  );
  return { source, database, backups, gone, rememberedSince, ...endsOf(newest, gone, period) };
}

/** The first and the last backup that is known of, there or not, of the time that the report is about. */
function endsOf(
  listed: readonly ListedBackup[],
  gone: readonly Gone[],
  { until }: Period,
): Pick<DatabaseFacts, 'firstAt' | 'lastAt' | 'lastId'> {
  const known = [
    ...listed.map(({ id }) => ({ id: formatId(id), startedAt: id.startedAt.getTime() })),
    ...gone,
  ]
    .filter(({ startedAt }) => startedAt < until)
    .sort((one, other) => one.startedAt - other.startedAt);
  const last = known.at(-1) ?? { id: '', startedAt: until };
  return { firstAt: known[0]?.startedAt ?? until, lastAt: last.startedAt, lastId: last.id };
}

function heldFor({ documents }: ListedBackup): number {
  const bytes = [manifestName, verificationName].map((name) => documents.get(name)?.bytes ?? 0);
  // What is larger than any is not read.
  return bytes.reduce((sum, one) => sum + (one <= documentLimits.bytes ? one : 0), 0);
}

/** A run that began in the month was written down later: what has not changed since holds none. */
function mayBeVerifiedSince({ documents }: ListedBackup, { from }: Period): boolean {
  const document = documents.get(verificationName);
  return document !== undefined && document.modifiedAt.getTime() >= from - clocksMs;
}
