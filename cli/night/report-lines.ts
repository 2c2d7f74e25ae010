import type { BackupReport } from '../../core/backup/report.ts';
import { isGoodResult } from '../../core/backup/report.ts';
import type { Due, NightReport } from '../../core/night/request.ts';
import { plural } from '../../core/text/units.ts';

/** What a night came to, for a person who sits in front of it. */
export function nightLines(report: NightReport): string[] {
  if (report.dryRun) return dryLines(report);
  if (report.due.length === 0 && report.ok) return ['Nothing is due.', ...report.notDue.map(notDueLine)];
  const runs = report.runs.flatMap(({ source, schedule, ok, result }) => {
    const { databases = [], notExcluded = [] } = (result ?? {}) as Partial<BackupReport>;
    const good = databases.filter(isGoodResult).length;
    return [
      `${ok ? 'ok' : 'FAILED'}  ${source} (${schedule}): ${good} of ${plural(databases.length, 'database')}`,
      ...notExcluded.map(({ database, message }) => `        ${JSON.stringify(database)} ${message}`),
    ];
  });
  const steps = report.steps.map(({ work, name, ok }) => `${ok ? 'ok' : 'FAILED'}  ${work} ${name}`);
  return [...runs, ...steps];
}

function dryLines({ due, notDue }: NightReport): string[] {
  const would = due.map(
    ({ source, schedule, last }) =>
      `Would back up ${source} (${schedule}); last begun ${last === undefined ? 'never' : last.toISOString()}`,
  );
  return [...(would.length === 0 ? ['Nothing is due.'] : would), ...notDue.map(notDueLine)];
}

function notDueLine({ source, schedule, last }: Due): string {
  return `Not due: ${source} (${schedule}), last begun ${last === undefined ? 'never' : last.toISOString()}`;
}
