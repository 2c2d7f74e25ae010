import type { Report, ReportedDatabase } from '../../core/report/document.ts';
import { dayRuns, longTime, scopeText, takenText } from '../../core/report/words.ts';
import { formatDuration, plural } from '../../core/text/units.ts';
import { type Style, table } from './style.ts';

const shownLines = 40;

/** A report for a terminal: a line per database, then what is to be looked at. */
export function reportLines(report: Report, style: Style, width?: number): string[] {
  const { databases, totals, store, failedRuns, unreadable } = report;
  const heading = [style.bold(`Backups of ${scopeText(report)}`), `Store: ${store}`, ''];
  const rows = databases.map((one) => rowOf(one, style));
  const trouble = [
    ...databases.flatMap((one) => gapLines(one)),
    ...failedRuns.map(
      ({ source, startedAt, problems }) =>
        `${source}: the run of ${startedAt} failed: ${problems[0] ?? 'no reason was recorded'}`,
    ),
    ...unreadable.map(({ key, why }) => `${key} could not be read: ${why}`),
  ];
  const more = trouble.length - shownLines;
  // Names last: they may be as long as they like.
  const head = ['BACKUPS', 'GOOD', 'VERIFIED', 'GAP DAYS', 'RECOVERY TIME', 'RECOVERY POINT', 'DATABASE'];
  const isNone = databases.length === 0;
  return [
    ...heading,
    ...(isNone
      ? [style.red('There was no database in it to report on.')]
      : table(head, rows, [0, 1, 2, 3, 4, 5], { width, names: 6 })),
    ...(trouble.length === 0 ? [] : ['']),
    ...trouble.slice(0, shownLines).map((line) => `  ${style.yellow('!')} ${line}`),
    ...(more > 0 ? [style.dim(`and ${plural(more, 'line')} more: --json has all`)] : []),
    '',
    `${plural(totals.backups, 'backup')}, ${totals.good} good; ${plural(totals.proofs, 'verification')}; recovery time and point are the worst.`,
  ];
}

function rowOf(one: ReportedDatabase, style: Style): string[] {
  const { source, database, backups, proofs, gaps, recoveryTime, recoveryPoint } = one;
  const days = gaps.days.length;
  return [
    String(backups.length),
    String(backups.filter(({ good }) => good).length),
    String(proofs.length),
    days === 0 ? '0' : style.red(String(days)),
    recoveryTime === null ? 'not measured' : formatDuration(recoveryTime.worst.seconds),
    recoveryPoint === null ? 'none' : longTime(recoveryPoint.worst.seconds),
    `${source}/${database}`,
  ];
}

function gapLines(one: ReportedDatabase): string[] {
  const { source, database, gaps, vanished, gone } = one;
  const name = `${source}/${database}`;
  const taken = takenText(one);
  const lost = gone.filter(({ removedByPrune }) => !removedByPrune).length;
  return [
    ...(gaps.days.length === 0
      ? []
      : [`${name}: no backup that counts on ${dayRuns(gaps.days.map(({ date }) => date)).join(', ')}`]),
    ...(vanished === null
      ? []
      : [
          `${name}: last backed up in ${vanished.lastBackup}, others of its source until ${vanished.othersUntil}`,
        ]),
    ...(taken === undefined ? [] : [`${name}: ${taken}`]),
    ...(lost === 0
      ? []
      : [
          `${name}: ${plural(lost, 'backup')} that a run made ${lost === 1 ? 'is' : 'are'} gone, and no record says why`,
        ]),
  ];
}
