import {
  BackupNotFound,
  findBackup,
  type InventoryEntry,
  listBackups,
  readBackup,
  verdictOn,
} from '../inventory/list-backups.ts';
import { formatId, parseIdOrLatest } from '../manifest/backup-id.ts';
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
  const asked = parseIdOrLatest(text);
  if ('startedAt' in asked) return readable(await readBackup(store, text, options));
  const found = await listBackups(store, asked, options);
  // Oldest first, as the catalog lists them.
  const newest = [...found].reverse();
  const [last] = newest;
  // Says that there is none.
  if (last === undefined)
    return readable(await readBackup(store, formatId(await findBackup(store, text, options)), options));
  if (options.any) return readable(last);
  const good = newest.find((entry) => isGood(verdictOn(entry)));
  if (good !== undefined) return readable(good);
  throw new BackupNotFound({
    what: `No backup of ${text.replace(/\/latest$/, '')} in ${store.url} was verified and found good`,
    got: `${found.length}, the newest of them ${verdictOn(last)?.verdict ?? 'never verified'}`,
    fix: `Verify one first (pgproof verify ${formatId(last.id)}), name it by its id, or take the newest whatever it is with --any.`,
  });
}

function readable(entry: InventoryEntry): ChosenBackup {
  const { id, manifest } = entry;
  const verification = verdictOn(entry);
  if (!('unreadable' in manifest))
    return { id, manifest, verdict: verification?.verdict, isGood: isGood(verification) };
  throw new ManifestUnreadable({
    what: `The ${manifestName} of ${formatId(id)} cannot be read`,
    got: String(manifest.unreadable),
    fix: "Restore the object from the bucket's version history, or restore by hand with pg_restore (README, Restore without pgproof).",
  });
}
