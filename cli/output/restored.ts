import type { RestoreProblem } from '../../core/postgres/pg-restore/restoration.ts';
import type { RestoredTable, RestoreReport } from '../../core/restore/report.ts';
import type { GlobalsReport } from '../../core/restore/restore-globals.ts';
import { formatBytes, formatCount, formatDuration, plural } from '../../core/text/units.ts';
import { type Style, table } from './style.ts';

/** What is not as recorded is shown whole; of the rest so many. */
const shownTables = 40;

/** A line per table, what is wrong first; undefined where nothing was compared. */
export function restoredTable(
  tables: readonly RestoredTable[],
  style: Style,
  width?: number,
): string[] | undefined {
  if (tables.length === 0) return undefined;
  const wrong = tables.filter(({ status }) => status === 'missing' || status === 'differs');
  const right = tables.filter((one) => !wrong.includes(one));
  const shown = [...wrong, ...right.slice(0, Math.max(0, shownTables - wrong.length))];
  const rows = shown.map(({ schema, name, recorded, restored, inArchive, status }) => [
    `${schema}.${name}`,
    recorded === null ? (inArchive === undefined ? '' : formatCount(inArchive)) : formatCount(recorded),
    restored === null ? '' : formatCount(restored),
    wrong.some((one) => one.status === status)
      ? style.red(status)
      : status === 'not recorded'
        ? status
        : style.green(status),
  ]);
  const more = tables.length - shown.length;
  const rest =
    more > 0 ? [`and ${formatCount(more)} more ${more === 1 ? 'table' : 'tables'}, as recorded`] : [];
  return [...table(['TABLE', 'RECORDED', 'RESTORED', ''], rows, [1, 2], { width }), ...rest];
}

/** What was refused while all else was restored, a line per problem; undefined where there was none. */
export function refusedTable(problems: readonly RestoreProblem[], width?: number): string[] | undefined {
  if (problems.length === 0) return undefined;
  const rows = problems.map(({ entry, message }) => [entry?.label ?? '', message]);
  return table(['NOT RESTORED', 'WHY'], rows, [], { width });
}

/** What was restored where, and what people should know. */
export function restoreSummary(report: RestoreReport, style: Style): string[] {
  const { server, startedAt, finishedAt, archiveBytes, serverVersion, tables, jobs, undo = [] } = report;
  const seconds = (Date.parse(finishedAt) - Date.parse(startedAt)) / 1_000;
  const rows = tables.reduce((sum, { restored }) => sum + (restored ?? 0), 0);
  const counted =
    tables.length === 0 ? '' : `, ${plural(tables.length, 'table')} and ${plural(rows, 'row')} as recorded`;
  const line =
    `${style.green('✓')} ${report.id} is in ${placeOf(report)} on ${server} (PostgreSQL ${serverVersion}): ` +
    `${formatBytes(archiveBytes)} in ${formatDuration(seconds)} with ${jobs} ${jobs === 1 ? 'job' : 'jobs'}${counted}`;
  return [
    line,
    ...report.notes.map((note) => `  ${note}`),
    ...(undo.length === 0
      ? []
      : ['  to have what was renamed back instead:', ...undo.map((one) => `    ${one}`)]),
  ];
}

function placeOf({ database, intoSchema }: RestoreReport): string {
  const schema = intoSchema === undefined ? '' : `schema ${JSON.stringify(intoSchema)} of `;
  return `${schema}${JSON.stringify(database)}`;
}

/** What became of roles that were restored alone. */
export function globalsSummary({ id, server, notes }: GlobalsReport, style: Style): string[] {
  return [`${style.green('✓')} the roles of ${id} are on ${server}`, ...notes.map((note) => `  ${note}`)];
}
