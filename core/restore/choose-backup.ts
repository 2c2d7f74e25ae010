import { BackupNotFound, eachBackup, readBackup } from '../inventory/list-backups.ts';
import { type InventoryEntry, verdictOn } from '../inventory/read-entry.ts';
import { formatId, parseIdOrLatest } from '../manifest/backup-id.ts';
import { Unreadable } from '../manifest/document.ts';
import { type Manifest, ManifestUnreadable, manifestName } from '../manifest/manifest.ts';
import { isGood } from '../manifest/verification.ts';
import type { ReadOptions, Store } from '../store/store.ts';
import type { Verdict } from '../vocabulary.ts';

export type ChosenBackup = {
  readonly id: InventoryEntry['id'];
  readonly manifest: Manifest;
  /** In force; undefined where there is none, or it cannot be read. */
  readonly verdict: Verdict | undefined;
  readonly isGood: boolean;
};

/**
 * The backup that `text` names. For `…/latest` the newest good one; with `any` just the newest.
 *
 * @throws BackupNotFound, ManifestUnreadable, UsageError
 */
export async function chooseBackup(
  store: Store,
  text: string,
  options: ReadOptions & { readonly any?: boolean | undefined } = {},
): Promise<ChosenBackup> {
  const { any = false, signal } = options;
  const asked = parseIdOrLatest(text);
  if ('startedAt' in asked) return readable(await readBackup(store, text, { signal }));
  let newest: InventoryEntry | undefined;
  let seen = 0;
  for await (const entry of eachBackup(store, asked, { signal, newestFirst: true })) {
    newest ??= entry;
    seen += 1;
    if (any || isGood(verdictOn(entry))) return readable(entry);
  }
  // Says that there is none.
  if (newest === undefined) return readable(await readBackup(store, text, { signal }));
  throw new BackupNotFound({
    what: `No backup of ${text.replace(/\/latest$/, '')} in ${store.url} was verified and found good`,
    got: `${seen}, the newest of them ${stateOf(newest)}`,
    fix: `Verify one first (pgproof verify ${formatId(newest.id)}), name it by its id, or take the newest whatever it is with --any.`,
  });
}

function stateOf(entry: InventoryEntry): string {
  if (entry.manifest instanceof Unreadable) return 'has a manifest that cannot be read';
  return verdictOn(entry)?.verdict ?? 'never verified';
}

function readable(entry: InventoryEntry): ChosenBackup {
  const { id, manifest } = entry;
  const verification = verdictOn(entry);
  if (!(manifest instanceof Unreadable))
    return { id, manifest, verdict: verification?.verdict, isGood: isGood(verification) };
  throw new ManifestUnreadable({
    what: `The ${manifestName} of ${formatId(id)} cannot be read`,
    got: manifest.unreadable,
    fix: "Restore the object from the bucket's version history, or restore by hand with pg_restore (README, Restore without pgproof).",
  });
}
