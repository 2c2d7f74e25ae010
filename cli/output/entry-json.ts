import { type InventoryEntry, verdictOn } from '../../core/inventory/read-entry.ts';
import { formatId } from '../../core/manifest/backup-id.ts';
import { isGood } from '../../core/manifest/verification.ts';

/** A backup for programs. `unbound`: the verdict is from before a verification named the manifest that it went by. */
export function entryJson(entry: InventoryEntry): object {
  const { id, manifest, verification, notCounted } = entry;
  const judged = verdictOn(entry);
  return {
    id: formatId(id),
    manifest,
    verification: verification ?? null,
    good: isGood(judged),
    ...(judged !== undefined && judged.manifestSha256 === undefined ? { unbound: true } : {}),
    ...(notCounted === undefined ? {} : { notCounted }),
  };
}
