import { type BackupId, encodeName } from './backup-id.ts';

/** How to restore, for people: beside the backups of a database, as prune.json is. */
export const recoveryNoteName = 'RECOVERY.md';

/** Where the backups of a database lie, relative to the store's prefix. */
export function folderOf({ source, database }: Pick<BackupId, 'source' | 'database'>): string {
  return `${encodeName(source)}/${encodeName(database)}`;
}

export function recoveryNoteKey(names: Pick<BackupId, 'source' | 'database'>): string {
  return `${folderOf(names)}/${recoveryNoteName}`;
}
