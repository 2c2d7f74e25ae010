import { setMaxListeners } from 'node:events';
import { ClosedFolders } from '../inventory/closed-folders.ts';
import type { ListEntry } from '../inventory/entry.ts';
import { listBackups } from '../inventory/list-backups.ts';
import { formatId, parseId } from '../manifest/backup-id.ts';
import { mapInParallel } from '../process/in-parallel.ts';
import type { Policy } from '../retention/shapes.ts';
import { applyTo } from './apply.ts';
import { type DecidedDatabase, databasesOf, decideOn } from './decide-on.ts';
import { extendLocks } from './extend-locks.ts';
import { sweepLeftovers } from './leftovers.ts';
import { findOrphans, removeOrphan } from './orphans.ts';
import type { Orphan, PruneReport } from './report.ts';
import type { PruneRequest } from './request.ts';

/**
 * Looks at every backup, says what retention keeps and why, and, where that is asked for, deletes the rest and what killed
 * runs have left. In a folder that cannot be looked into nothing is touched, and the report names it.
 *
 * @throws StoreUnusable where the store cannot be read
 */
export async function prune(request: PruneRequest): Promise<PruneReport> {
  const { store, policy, source, database, apply, signal } = request;
  const now = request.clock();
  // Many requests at once listen to it.
  setMaxListeners(0, signal);
  // A summary may say what it likes, of its own backup and of the one before.
  const closed = new ClosedFolders();
  const { onUnreadable } = closed;
  const found = await listBackups(store, { source, database }, { signal, fromManifests: true, onUnreadable });
  // What was seen before the folder closed is not all that it holds: no rule can be asked about it.
  const entries = found.filter(({ id }) => closed.whyOf(id) === undefined);
  const backups = policy === undefined ? nothing : await pruneBackups(entries, { ...request, policy }, now);
  return {
    store: store.url,
    applied: apply,
    now,
    policy,
    ...backups,
    ...(await sweepOrphans(entries, request, { now, closed })),
    ...(await sweepLeftovers(request, now)),
    closed: closed.all,
  };
}

/** Each asks for its record, and for locks, some of them at once. */
const decidedAtOnce = 8;

type OfBackups = Pick<PruneReport, 'groups' | 'extensions' | 'notReached'> & {
  readonly unrecorded: NonNullable<PruneReport['unrecorded']>;
};

const nothing: OfBackups = { groups: [], extensions: [], notReached: [], unrecorded: [] };

async function pruneBackups(
  entries: readonly ListEntry[],
  request: PruneRequest & { readonly policy: Policy },
  now: Date,
): Promise<OfBackups> {
  const { store, policy, apply, lock, signal, clock, stopBefore } = request;
  const decided = await mapInParallel(databasesOf(entries), decidedAtOnce, (one) =>
    decideOn(one, { store, policy, now, signal }),
  );
  if (!apply) return { ...nothing, groups: decided.flatMap(({ groups }) => groups) };

  const report = {
    groups: [...nothing.groups],
    extensions: [...nothing.extensions],
    notReached: [...nothing.notReached],
    unrecorded: [...nothing.unrecorded],
  };
  const onRemoved = progressOf(decided, request);
  for (const one of byLastPrune(decided)) {
    signal.throwIfAborted();
    if (stopBefore !== undefined && clock() >= stopBefore) {
      report.notReached.push({ source: one.source, database: one.database });
      continue;
    }
    const { groups, unrecorded } = await applyTo(one, { store, policy, now, signal, onRemoved });
    if (unrecorded !== undefined)
      report.unrecorded.push({ source: one.source, database: one.database, why: unrecorded });
    report.groups.push(...groups);
    if (lock === undefined) continue;
    const lines = groups.flatMap((group) => group.lines);
    report.extensions.push(...(await extendLocks(store, lines, { ...lock, now, signal })));
  }
  return report;
}

/** Those that the last run did not come to are the first of this one. */
function byLastPrune(decided: readonly DecidedDatabase[]): DecidedDatabase[] {
  const last = ({ record }: DecidedDatabase): number => Date.parse(record?.prunedAt ?? '') || 0;
  return [...decided].sort((one, other) => last(one) - last(other));
}

function progressOf(
  decided: readonly DecidedDatabase[],
  { onProgress }: PruneRequest,
): (count: number) => void {
  const lines = decided.flatMap(({ groups }) => groups.flatMap((group) => group.lines));
  const of = lines.filter(({ action }) => action === 'remove').length;
  let removed = 0;
  return (count) => {
    removed += count;
    onProgress?.({ removed, of });
  };
}

async function sweepOrphans(
  entries: readonly ListEntry[],
  { store, source, database, apply, sweep, orphans = [], signal }: PruneRequest,
  { now, closed }: { readonly now: Date; readonly closed: ClosedFolders },
): Promise<Pick<PruneReport, 'orphans' | 'notOrphans'>> {
  const listed = new Set(entries.map(({ id }) => formatId(id)));
  const asked = new Set(orphans.map((text) => formatId(parseId(text))));
  const found: Orphan[] = [];
  const wanted = { source, database, listed, now };
  for await (const orphan of findOrphans(store, wanted, { signal, onUnreadable: closed.onUnreadable })) {
    if (closed.whyOf(orphan.backupId) !== undefined) continue;
    const { backupId: _, names: __, pruned, ...told } = orphan;
    const goes = apply && (asked.has(orphan.id) || (sweep && pruned !== undefined));
    found.push({ ...told, outcome: goes ? await removeOrphan(store, orphan, { signal, now }) : undefined });
  }
  const known = new Set(found.map(({ id }) => id));
  const notOrphans = [...asked]
    .filter((id) => !known.has(id))
    .map((id) => ({ id, why: whyNoOrphan(id, { listed, source, database, closed }) }));
  return { orphans: found, notOrphans };
}

/** Why what somebody named as an orphan is not taken. Who is told nothing thinks that it is gone. */
function whyNoOrphan(
  text: string,
  {
    listed,
    closed,
    ...filter
  }: Pick<PruneRequest, 'source' | 'database'> & {
    readonly listed: ReadonlySet<string>;
    readonly closed: ClosedFolders;
  },
): string {
  const why = closed.whyOf(parseId(text));
  if (why !== undefined) return `its folder cannot be looked into: ${why}`;
  if (listed.has(text)) return 'it has a manifest: it is a backup, and only rules say whether it goes';
  const { source, database } = parseId(text);
  const isAsked = source === (filter.source ?? source) && database === (filter.database ?? database);
  return isAsked
    ? 'nothing of a backup lies there, or not yet for a day: a run may be on its way'
    : 'it is of another source or database than was asked for';
}
