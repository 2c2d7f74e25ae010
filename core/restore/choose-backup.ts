import { briefOn, type ListEntry } from '../inventory/entry.ts';
import type { Latest, LatestOptions } from '../inventory/latest.ts';
import type { PassedOver } from '../inventory/passed-over.ts';
import { BackupNotFound, type Choice, latestGood, noneOf, readBackup } from '../inventory/read-backup.ts';
import { type InventoryEntry, verdictOn } from '../inventory/read-entry.ts';
import { formatId, parseIdOrLatest } from '../manifest/backup-id.ts';
import { Unreadable } from '../manifest/document.ts';
import { type Manifest, ManifestUnreadable, manifestName } from '../manifest/manifest.ts';
import { lastTimings, type MeasuredRestore } from '../manifest/timings.ts';
import { isGood } from '../manifest/verification.ts';
import type { Store } from '../store/store.ts';
import type { Verdict } from '../vocabulary.ts';

export type ChosenBackup = {
  readonly id: InventoryEntry['id'];
  readonly manifest: Manifest;
  /** In force; undefined where there is none, or it cannot be read. */
  readonly verdict: Verdict | undefined;
  readonly isGood: boolean;
  /** How long it took when it was last proven; undefined where no proof says so. */
  readonly measured: MeasuredRestore | undefined;
  /** Of `…/latest`: newer backups that were not taken, the newest first, with why. */
  readonly passedOver: readonly PassedOver[];
};

/**
 * The backup that `text` names. For `…/latest` the newest good one, by time alone; with `any` the newest whose manifest can
 * be read. One that tables were left out of only with `partial`.
 *
 * @throws BackupNotFound, ManifestUnreadable, SeveralClusters, UsageError
 */
export async function chooseBackup(
  store: Store,
  text: string,
  options: LatestOptions = {},
): Promise<ChosenBackup> {
  const asked = parseIdOrLatest(text);
  if ('startedAt' in asked) return readable(await readBackup(store, text, options));
  const latest = await latestGood(store, asked, options);
  const { chosen, newest, passedOver } = latest;
  if (chosen !== undefined) return readable({ ...chosen, passedOver });
  if (newest === undefined) throw await noneOf(store, text, latest, options);
  if (options.any === true) return readable(await readBackup(store, formatId(newest.id), options));
  throw noneGood(store, text, latest, newest);
}

function noneGood(
  store: Store,
  text: string,
  { ofOther, seen, partial }: Latest<InventoryEntry>,
  newest: ListEntry,
): BackupNotFound {
  const name = text.replace(/\/latest$/, '');
  if (ofOther === undefined)
    return new BackupNotFound({
      what: `No backup of ${name} in ${store.url} was verified and found good`,
      got: `${seen}, the newest ${partial === 0 ? 'of them' : 'whole one'} ${stateOf(newest)}${partial === 0 ? '' : `; tables were left out of ${partial} on purpose (--partial)`}`,
      fix: `Verify one first (pgproof verify ${formatId(newest.id)}), name it by its id, or take the newest whatever it is with --any.`,
    });
  return new BackupNotFound({
    what: `No backup of the cluster that was backed up last as ${name} in ${store.url} was verified and found good`,
    got: `the newest is ${formatId(newest.id)}, ${stateOf(newest)}; the newest good one, ${formatId(ofOther.id)}, is of another cluster`,
    fix: `Verify one first (pgproof verify ${formatId(newest.id)}), or name the one that is meant by its id.`,
  });
}

function stateOf(entry: ListEntry): string {
  if (entry.summary instanceof Unreadable) return 'has a manifest that cannot be read';
  return briefOn(entry)?.verdict ?? 'never verified';
}

function readable(entry: InventoryEntry & Choice): ChosenBackup {
  const { id, manifest, passedOver } = entry;
  const verification = verdictOn(entry);
  if (!(manifest instanceof Unreadable))
    return {
      id,
      manifest,
      verdict: verification?.verdict,
      isGood: isGood(verification),
      passedOver,
      measured: verification && lastTimings(verification),
    };
  throw new ManifestUnreadable({
    what: `The ${manifestName} of ${formatId(id)} cannot be read`,
    got: manifest.unreadable,
    fix: "Restore the object from the bucket's version history, or restore by hand with pg_restore (README, Restore without pgproof).",
  });
}
