import { briefOn, isPartial, type ListEntry, newestFirst } from '../inventory/entry.ts';
import { encodeName, formatId } from '../manifest/backup-id.ts';
import { Unreadable } from '../manifest/document.ts';
import type { Missing } from './find-missing.ts';
import type { CopyLine, CopyReport, NewestCopy } from './request.ts';

/** The newest backup of each database of the first store that is in the other one, after a copy. */
export function newestCopies(found: Missing, copied: readonly CopyLine[]): NewestCopy[] {
  const over = new Set(copied.filter(({ kind }) => kind !== 'failed').map(({ id }) => id));
  const copies = [...found.copies, ...found.missing.filter(({ id }) => over.has(formatId(id)))];
  return found.databases.map((names) => {
    const { source, database } = names;
    const isOurs = (entry: ListEntry): boolean => nameOf(entry.id) === nameOf(names) && isSound(entry);
    const ours = copies.filter(isOurs);
    const whole = ours.filter((entry) => !isPartial(entry));
    // Of a database that tables are left out of every night there is no whole one that could be missing.
    const areAllPartial = whole.length === 0 && !found.missing.some((one) => isOurs(one) && !isPartial(one));
    return { source, database, startedAt: (areAllPartial ? ours : whole).sort(newestFirst)[0]?.id.startedAt };
  });
}

/** Those of which the newest copy is older than that, or that have none. */
export function staleCopies({ newest }: CopyReport, maxAgeHours: number, now: Date): NewestCopy[] {
  const since = now.getTime() - maxAgeHours * 60 * 60 * 1_000;
  return newest.filter(({ startedAt }) => startedAt === undefined || startedAt.getTime() < since);
}

function isSound(entry: ListEntry): boolean {
  return !(entry.summary instanceof Unreadable) && briefOn(entry)?.verdict !== 'failed';
}

function nameOf({ source, database }: ListEntry['id']): string {
  return `${encodeName(source)}/${encodeName(database)}`;
}
