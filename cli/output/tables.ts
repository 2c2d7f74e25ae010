import { type BackupReport, isGoodResult } from '../../core/backup/report.ts';
import { formatBytes, formatDuration } from '../../core/text/units.ts';
import { fits, type Style, table } from './style.ts';
import { verdictText } from './verdicts.ts';

/** The end of a backup run: a line per database. SIZE is the database's on the server, RATE is SIZE over TIME. */
export function summaryTable(report: BackupReport, style: Style, width?: number): string[] {
  const rows = report.databases.map((result) => {
    const took = formatDuration(result.seconds);
    if (result.status === 'failed') {
      const outcome = result.error.name === 'Interrupted' ? 'interrupted' : 'failed';
      return [result.database, '', '', took, '', style.red(outcome), ''];
    }
    const { bytes, seconds, manifest } = result;
    const rate = `${formatBytes(manifest.databaseBytes / Math.max(seconds, 0.001))}/s`;
    const verdict =
      isGoodResult(result) && result.verification === undefined
        ? style.dim('stored')
        : verdictText(result.verification, style);
    const size = formatBytes(manifest.databaseBytes);
    const part = manifest.partial === true ? ', partial' : '';
    return [result.database, size, formatBytes(bytes), took, rate, `${verdict}${part}`, result.id];
  });
  const numbers = ['SIZE', 'ARCHIVE', 'TIME', 'RATE', 'VERDICT'];
  const lines = table(['DATABASE', ...numbers, 'BACKUP'], rows, [1, 2, 3, 4]);
  if (fits(lines, width)) return lines;
  // An id has the name of the database in it.
  const narrow = rows.map((cells) => [cells.at(-1) || (cells[0] ?? ''), ...cells.slice(1, -1)]);
  return table(['BACKUP', ...numbers], narrow, [1, 2, 3, 4], { width });
}
