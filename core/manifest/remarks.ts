import { oneLine } from '../text/one-line.ts';
import { formatCount, plural } from '../text/units.ts';
import type { Manifest, NotDumped } from './manifest.ts';

const shownLines = 10;

/**
 * What people should know of a backup although it went well: what the programs warned of, and what is in no dump. A
 * line each, escaped; empty for most backups, and for those of older versions.
 */
export function remarksOf({
  warnings = [],
  notDumped = [],
}: Pick<Manifest, 'warnings' | 'notDumped'>): string[] {
  const all = [
    ...warnings.map(({ program, message }) => oneLine(`${program}: ${message}`)),
    ...notDumped.map((entry) => oneLine(`not in the dump: ${describeNotDumped(entry)}`)),
  ];
  const more = all.length - shownLines;
  return more <= 0 ? all : [...all.slice(0, shownLines), `and ${formatCount(more)} more in the manifest`];
}

/** `rows of an extension: app.counters (3 rows): the table belongs to …` */
function describeNotDumped({ kind, name, reason, rows }: NotDumped): string {
  const count = typeof rows === 'number' ? ` (${plural(rows, 'row')})` : '';
  return `${kind}: ${name}${count}: ${reason}`;
}
