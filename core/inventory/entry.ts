import { type BackupId, formatId } from '../manifest/backup-id.ts';
import type { Brief } from '../manifest/brief.ts';
import { Unreadable } from '../manifest/document.ts';
import type { Hold, Release } from '../manifest/hold.ts';
import { prunedName } from '../manifest/pruned.ts';
import type { Summary } from '../manifest/summary.ts';
import type { StoredObject } from '../store/store.ts';

/** A document as a listing tells it. */
export type ListedDocument = Pick<StoredObject, 'bytes' | 'tag' | 'modifiedAt'>;

/** A backup as a listing tells it: which of our documents lie there, by name. The manifest does, where it can be looked at. */
export type ListedBackup = {
  readonly id: BackupId;
  readonly documents: ReadonlyMap<string, ListedDocument>;
  /** Why its folder cannot be looked into: then nobody knows what lies there. */
  readonly unreadable?: string | undefined;
  /** S3's class of an archive of one object; undefined where it is in many, or the store tells none. */
  readonly archiveClass?: string | undefined;
};

/**
 * A backup as a list knows it: a kilobyte or less, whatever its documents hold. A manifest that cannot be read is listed
 * too: a backup that went bad must not just vanish.
 */
export type ListEntry = ListedBackup & {
  /** What a list needs of the manifest. It was read only where nobody knew that already: it decides over nothing. */
  readonly summary: Summary | Unreadable;
  /** Undefined where it was never verified, or what lies there is about another backup. */
  readonly verification: Brief | Unreadable | undefined;
  /** Why the verification that lies there counts as none. */
  readonly notCounted?: string | undefined;
  /** One that cannot be read, or is another backup's, holds all the same. */
  readonly hold: Hold | Unreadable | undefined;
  /** One that cannot be read releases nothing. */
  readonly release: Release | Unreadable | undefined;
};

/** What counts of the verification: nothing where it, or the manifest that it is about, cannot be read. */
export function briefOn({
  summary,
  verification,
}: Pick<ListEntry, 'summary' | 'verification'>): Brief | undefined {
  return summary instanceof Unreadable || verification instanceof Unreadable ? undefined : verification;
}

/** Whether it is a good one, as `latest`, retention and alerts mean it. */
export function isGoodEntry(entry: ListEntry): boolean {
  return briefOn(entry)?.good === true;
}

/** Whether prune has begun to take it away: its manifest is next. */
export function isBeingPruned({ documents }: ListedBackup): boolean {
  return documents.has(prunedName);
}

/** Whether tables were left out of it on purpose. */
export function isPartial({ summary }: Pick<ListEntry, 'summary'>): boolean {
  return !(summary instanceof Unreadable) && summary.partial === true;
}

/** The cluster that it is of; undefined where it does not say. */
export function clusterOf({ summary }: ListEntry): string | undefined {
  return summary instanceof Unreadable ? undefined : summary.server.systemIdentifier;
}

/** The newest first; of the same second by id, so that there is one order. */
export function newestFirst(one: Pick<ListedBackup, 'id'>, other: Pick<ListedBackup, 'id'>): number {
  const later = other.id.startedAt.getTime() - one.id.startedAt.getTime();
  return later !== 0 ? later : Buffer.compare(Buffer.from(formatId(one.id)), Buffer.from(formatId(other.id)));
}
