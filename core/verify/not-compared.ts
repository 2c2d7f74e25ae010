import type { NotDumped, TableRows } from '../manifest/manifest.ts';
import { labelOf } from '../postgres/names.ts';
import { plural } from '../text/units.ts';

/** What is shown by name; the rest is a number. */
const shown = 50;

/** Tables whose rows nobody counted when the backup was made, for a verification's `notCompared`. */
export function uncountedRows(recorded: readonly TableRows[]): string[] {
  const uncounted = recorded.filter(({ rows }) => rows === null);
  if (uncounted.length > 1 && uncounted.length === recorded.length)
    return [`rows of all ${plural(uncounted.length, 'table')}: not counted at the source`];
  return some(uncounted.map((table) => `rows of ${labelOf(table)}: not counted at the source`));
}

/** What is in no dump cannot be compared either. */
export function notInDump(entries: readonly Pick<NotDumped, 'kind' | 'name'>[]): string[] {
  return some(entries.map(({ kind, name }) => `${kind} ${name}: in no dump`));
}

/** The first of them, and how many there are besides. */
export function some(lines: readonly string[]): string[] {
  const more = lines.length - shown;
  return more <= 0 ? [...lines] : [...lines.slice(0, shown), `and ${more} more like the one before`];
}
