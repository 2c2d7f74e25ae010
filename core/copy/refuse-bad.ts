import { listOne } from '../inventory/find-backups.ts';
import { readEntry, verdictOn } from '../inventory/read-entry.ts';
import { type BackupId, formatId } from '../manifest/backup-id.ts';
import type { Store } from '../store/store.ts';
import { NotCopied } from './copy-errors.ts';

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
  const listed = await listOne(from, id, { signal });
  const entry = listed && (await readEntry(from, listed, { signal }));
  if (entry === undefined || verdictOn(entry)?.verdict !== 'failed') return;
  throw new NotCopied({
    what: `${formatId(id)} failed its verification, and is not copied`,
    got: `verdict failed in ${from.url}`,
    fix: `See why: pgproof show ${formatId(id)}. To copy it all the same: pgproof copy --failed-too`,
  });
}
