import { listOne } from '../inventory/find-backups.ts';
import { readEntry, verdictOn } from '../inventory/read-entry.ts';
import { type BackupId, formatId } from '../manifest/backup-id.ts';
import type { Store } from '../store/store.ts';
import { CopyDamaged, NotCopied } from './copy-errors.ts';

/**
 * A backup that failed its verification is copied only by whoever asks for that: a second place full of bad backups is none.
 * One that nobody verified yet is copied, for the first store may be gone by the time that somebody does; and so is one whose
 * verdict cannot be read.
 *
 * @throws NotCopied
 */
export async function refuseBad(
  { id, from }: { readonly id: BackupId; readonly from: Store },
  signal: AbortSignal,
): Promise<void> {
  if (!(await isFailed(from, id, signal))) return;
  throw new NotCopied({
    what: `${formatId(id)} failed its verification, and is not copied`,
    got: `verdict failed in ${from.url}`,
    fix: `See why: pgproof show ${formatId(id)}. To copy it all the same: pgproof copy --failed-too`,
  });
}

/**
 * A copy that is bad though the backup is not is none, and would be told as being there for ever. Its verdict stays as long as
 * it does: what is copied over it would be called bad too, so a person has to take it away.
 *
 * @throws CopyDamaged
 */
export async function refuseBadCopy(
  { id, from, to }: { readonly id: BackupId; readonly from: Store; readonly to: Store },
  signal: AbortSignal,
): Promise<void> {
  if (!(await isFailed(to, id, signal)) || (await isFailed(from, id, signal))) return;
  throw new CopyDamaged(
    id,
    { name: 'something', store: to, got: 'verdict failed there', expected: 'a copy that is whole' },
    `See what: pgproof show ${formatId(id)} --store ${to.url}. Delete ${to.url}/${formatId(id)}/ with all that lies in it, and it is copied anew.`,
  );
}

async function isFailed(store: Store, id: BackupId, signal: AbortSignal): Promise<boolean> {
  const listed = await listOne(store, id, { signal });
  const entry = listed && (await readEntry(store, listed, { signal }));
  return entry !== undefined && verdictOn(entry)?.verdict === 'failed';
}
