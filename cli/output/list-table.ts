import { clusterOf, isBeingPruned, type ListEntry } from '../../core/inventory/entry.ts';
import { encodeName, formatId } from '../../core/manifest/backup-id.ts';
import { Unreadable } from '../../core/manifest/document.ts';
import { frozenPlace } from '../../core/store/frozen.ts';
import { formatAge, formatBytes, formatCount, formatDuration } from '../../core/text/units.ts';
import { columnsOf, padded } from './columns.ts';
import { guarded } from './shown.ts';
import type { Style } from './style.ts';
import { containedWord, type VerdictText, verdictWords } from './verdicts.ts';

/** What retention says of a backup: the rules that keep it, and when it would go; undefined where nobody can know. */
export type Kept = { readonly by: string; readonly until: Date | undefined };

/** Undefined where nobody said what is to be kept. */
export type KeptOf = (entry: ListEntry) => Kept | undefined;

type Column = {
  readonly head: string;
  readonly isRight?: true;
  /** What gives way first where the terminal is too narrow; undefined: never. */
  readonly spare?: number;
};

const columns: readonly Column[] = [
  { head: 'BACKUP' },
  { head: 'AGE', isRight: true, spare: 6 },
  { head: 'ARCHIVE', isRight: true },
  { head: 'TOOK', isRight: true, spare: 3 },
  { head: 'ROWS', isRight: true, spare: 4 },
  { head: 'SERVER', spare: 2 },
  { head: 'CLUSTER', spare: 8 },
  { head: 'CONTAINED', spare: 1 },
  { head: 'CLASS', spare: 7 },
  { head: 'VERDICT' },
  { head: 'PART' },
  { head: 'HOLD' },
  { head: 'KEPT', spare: 5 },
];
const clusterColumn = columns.findIndex(({ head }) => head === 'CLUSTER');
const verdictColumn = columns.findIndex(({ head }) => head === 'VERDICT');
/** No version is as long; a manifest may say anything. */
const cellCharacters = 120;
/** Two names of 63 bytes, each of them escaped, are 400; an id that is cut cannot be copied. */
const idCharacters = 1_000;

/** A line of a list, in pieces: thousands are held until it is known how wide the columns are. */
export type ListRow = {
  readonly cells: readonly string[];
  readonly colour: VerdictText['colour'];
  /** Source and database; and which cluster it is of, where it says so. */
  readonly name: string;
  readonly cluster: string | undefined;
};

export function listRow(entry: ListEntry, now: Date, keptOf?: KeptOf): ListRow {
  const { id, summary, verification } = entry;
  const age = formatAge((now.getTime() - id.startedAt.getTime()) / 1_000);
  const hold = holdText(entry);
  const kept = keptText(keptOf?.(entry));
  // Of the other classes a list need not speak: they can be read at once.
  const frozen = frozenPlace(entry.archiveClass) ?? '';
  const of = {
    name: `${encodeName(id.source)}/${encodeName(id.database)}`,
    cluster: clusterOf(entry),
  };
  if (summary instanceof Unreadable) {
    const cells = [formatId(id), age, '', '', '', '', '', '', frozen, 'manifest unreadable', '', hold, kept];
    return { cells, colour: 'red', ...of };
  }
  const { server, archive, rows, startedAt, finishedAt } = summary;
  const seconds = (Date.parse(finishedAt) - Date.parse(startedAt)) / 1_000;
  const { text, colour } = verdictWords(verification);
  const cells = [
    formatId(id),
    age,
    formatBytes(archive.bytes),
    Number.isFinite(seconds) ? formatDuration(Math.max(0, seconds)) : '',
    rows === null ? '' : formatCount(rows),
    server.version,
    '',
    verification === undefined || verification instanceof Unreadable ? '' : containedWord(verification),
    frozen,
    text,
    summary.partial === true ? 'partial' : '',
    hold,
    kept,
  ];
  return {
    cells: cells.map((cell, at) => guarded(cell, at === 0 ? idCharacters : cellCharacters)),
    colour,
    ...of,
  };
}

/** Says of each of which cluster it is, where a name holds backups of several: nobody is to take one for the other. */
export function withClusters(rows: readonly ListRow[]): readonly ListRow[] {
  const clusters = new Map<string, Set<string>>();
  for (const { name, cluster } of rows)
    if (cluster !== undefined) clusters.set(name, (clusters.get(name) ?? new Set()).add(cluster));
  return rows.map((row) => {
    const { name, cluster = '?', cells } = row;
    if ((clusters.get(name)?.size ?? 0) < 2) return row;
    return { ...row, cells: cells.with(clusterColumn, guarded(cluster, cellCharacters)) };
  });
}

/**
 * The lines of the table, one by one. Columns without a word in them are left out, and where `width` is too small for all
 * those that can be missed, one after the other.
 */
export function* listTable(
  rows: readonly ListRow[],
  style: Style,
  width: number = Number.POSITIVE_INFINITY,
): Generator<string> {
  const widths = widthsOf(rows);
  const { shown, isStacked } = layoutOf(rows, widths, width);
  const line = (cells: readonly string[], paint: (text: string) => string): string =>
    shown
      .map((at) => {
        const cell = cells[at] ?? '';
        const painted = at === verdictColumn && cell !== '' ? paint(cell) : cell;
        return padded(painted, widths[at] ?? 0, columns[at]?.isRight);
      })
      .join('  ')
      .trimEnd();
  const lines = function* (cells: readonly string[], paint: (text: string) => string): Generator<string> {
    if (!isStacked) return yield line(cells, paint);
    yield cells[0] ?? '';
    yield `  ${line(cells, paint)}`;
  };
  yield* lines(
    columns.map(({ head }) => head),
    (text) => text,
  );
  for (const { cells, colour } of rows)
    yield* lines(cells, colour === undefined ? (text) => text : style[colour]);
}

/** Headings of what {@link listTable} leaves out for want of room. */
export function leftOut(rows: readonly ListRow[], width: number): string[] {
  const { shown, isStacked } = layoutOf(rows, widthsOf(rows), width);
  return columns
    .filter((_, at) => hasWords(rows, at) && !shown.includes(at) && !(isStacked && at === 0))
    .map(({ head }) => head);
}

function widthsOf(rows: readonly ListRow[]): readonly number[] {
  return columns.map(({ head }, at) =>
    rows.reduce((most, { cells }) => Math.max(most, columnsOf(cells[at] ?? '')), head.length),
  );
}

function hasWords(rows: readonly ListRow[], at: number): boolean {
  return rows.some(({ cells }) => cells[at] !== '');
}

/** Ids are copied, and never cut: where there is no room beside the longest they have lines of their own. */
function layoutOf(
  rows: readonly ListRow[],
  widths: readonly number[],
  width: number,
): { readonly shown: readonly number[]; readonly isStacked: boolean } {
  const all = columns.map((_, at) => at).filter((at) => hasWords(rows, at));
  const shown = fitting(all, widths, width);
  if (neededFor(shown, widths) <= width) return { shown, isStacked: false };
  return { shown: fitting(all.slice(1), widths, width - 2), isStacked: true };
}

function neededFor(shown: readonly number[], widths: readonly number[]): number {
  return shown.reduce((sum, at) => sum + (widths[at] ?? 0) + 2, -2);
}

function fitting(all: readonly number[], widths: readonly number[], width: number): readonly number[] {
  const shown = [...all];
  while (neededFor(shown, widths) > width) {
    const [next] = shown
      .filter((at) => columns[at]?.spare !== undefined)
      .sort((one, other) => (columns[one]?.spare ?? 0) - (columns[other]?.spare ?? 0));
    if (next === undefined) break;
    shown.splice(shown.indexOf(next), 1);
  }
  return shown;
}

function holdText(entry: ListEntry): string {
  const { hold } = entry;
  if (isBeingPruned(entry)) return 'being pruned';
  if (hold === undefined) return '';
  if (hold instanceof Unreadable) return 'unreadable';
  return hold.until === undefined ? 'held' : `to ${hold.until.slice(0, 10)}`;
}

function keptText(kept: Kept | undefined): string {
  // A hold alone has its own column.
  if (kept === undefined || kept.by === '') return '';
  return kept.until === undefined ? kept.by : `${kept.by}, to ${kept.until.toISOString().slice(0, 10)}`;
}
