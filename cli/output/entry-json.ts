import {
  briefOn,
  clusterOf,
  isBeingPruned,
  isGoodEntry,
  isPartial,
  type ListEntry,
} from '../../core/inventory/entry.ts';
import { type InventoryEntry, verdictOn } from '../../core/inventory/read-entry.ts';
import type { StoredState } from '../../core/inventory/stored-state.ts';
import { formatId } from '../../core/manifest/backup-id.ts';
import { isGood } from '../../core/manifest/verification.ts';
import { frozenPlace } from '../../core/store/frozen.ts';
import type { Kept } from './list-table.ts';

type Judged = { readonly manifestSha256?: string | undefined } | undefined;

/** A backup for programs, whole. `unbound`: the verdict is from before a verification named the manifest that it went by. */
export function entryJson(entry: InventoryEntry, stored?: StoredState): object {
  const { id, manifest, verification, notCounted, hold, release } = entry;
  const judged = verdictOn(entry);
  return {
    id: formatId(id),
    manifest,
    verification: verification ?? null,
    good: isGood(judged),
    ...doubts(judged, notCounted),
    hold: hold ?? null,
    release: release ?? null,
    ...(stored === undefined ? {} : { stored }),
  };
}

/** The same of a list: with the summary of the manifest, and of the verification what a list needs. */
export function listJson(entry: ListEntry, kept: Kept | undefined): object {
  const { id, summary, verification, notCounted, hold, release, archiveClass } = entry;
  return {
    id: formatId(id),
    startedAt: id.startedAt.toISOString(),
    ...(clusterOf(entry) === undefined ? {} : { systemIdentifier: clusterOf(entry) }),
    summary,
    verification: verification ?? null,
    good: isGoodEntry(entry),
    ...(isPartial(entry) ? { partial: true } : {}),
    ...doubts(briefOn(entry), notCounted),
    hold: hold ?? null,
    release: release ?? null,
    ...(archiveClass === undefined ? {} : { archiveClass, frozen: frozenPlace(archiveClass) !== undefined }),
    ...(isBeingPruned(entry) ? { pruning: true } : {}),
    ...(kept === undefined ? {} : { kept: { by: kept.by, until: kept.until ?? null } }),
  };
}

function doubts(judged: Judged, notCounted: string | undefined): object {
  return {
    ...(judged !== undefined && judged.manifestSha256 === undefined ? { unbound: true } : {}),
    ...(notCounted === undefined ? {} : { notCounted }),
  };
}
