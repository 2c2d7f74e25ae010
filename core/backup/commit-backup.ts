import { messageOf } from '../errors.ts';
import { type BackupId, keyOf } from '../manifest/backup-id.ts';
import { type Manifest, manifestName, serialize } from '../manifest/manifest.ts';
import { summaryName, summaryOf } from '../manifest/summary.ts';
import { sha256Of } from '../store/meter.ts';
import { type ObjectLock, type StagedObject, type Store, StoreUnusable } from '../store/store.ts';
import { oneLine } from '../text/one-line.ts';
import { fitManifest } from './fit-manifest.ts';

export type Commit = {
  readonly store: Store;
  readonly id: BackupId;
  readonly staged: readonly StagedObject[];
  readonly manifest: Manifest;
  readonly onWarning: (message: string) => void;
  /** Of the manifest, from now on. */
  readonly lock: () => ObjectLock | undefined;
};

/**
 * Makes a backup visible: its objects first, then the summary for those who list, its manifest last. From the manifest on,
 * and only from then on, the backup exists.
 * @returns the manifest as it was stored
 * @throws ObjectExists where another run has taken the same id
 */
export async function commitBackup(commit: Commit): Promise<Manifest> {
  const { store, id, staged, manifest, onWarning } = commit;
  const fitting = fitManifest(manifest);
  for (const object of sharedNamesFirst(id, staged)) await object.commit();
  const why = await whyNoSummary(store, id, fitting);
  const stored =
    why === undefined
      ? fitting
      : fitManifest({
          ...fitting.manifest,
          warnings: [...(fitting.manifest.warnings ?? []), { program: 'pgproof', message: why }],
        });
  if (why !== undefined) onWarning(why);
  await store.create(keyOf(id, manifestName), stored.bytes, { lock: commit.lock() });
  return stored.manifest;
}

/**
 * What has the same name whatever the format is comes before the archive: of two runs that took the same id in one second
 * the later ends there, and leaves no archive of its own in the folder of the other's backup.
 */
function sharedNamesFirst(id: BackupId, staged: readonly StagedObject[]): StagedObject[] {
  const archive = keyOf(id, 'archive');
  const isArchive = ({ key }: StagedObject): boolean => key.startsWith(archive);
  return [...staged.filter((one) => !isArchive(one)), ...staged.filter(isArchive)];
}

/**
 * Creates the summary, without which a list reads the manifest: a store that lets everything else be written (its rights are
 * older than summaries) is no reason to lose the backup.
 * @returns why there is none
 * @throws ObjectExists
 */
async function whyNoSummary(
  store: Store,
  id: BackupId,
  { manifest, bytes }: ReturnType<typeof fitManifest>,
): Promise<string | undefined> {
  const summary = summaryOf(manifest, { bytes: bytes.length, sha256: sha256Of(bytes) });
  try {
    await store.create(keyOf(id, summaryName), serialize(summary));
    return undefined;
  } catch (error: unknown) {
    if (error instanceof StoreUnusable)
      return `${summaryName} could not be written, so lists will read the whole manifest: ${oneLine(messageOf(error))}`;
    throw error;
  }
}
