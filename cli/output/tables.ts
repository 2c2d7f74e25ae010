import { type BackupReport, isGoodResult } from '../../core/backup/report.ts';
import { formatBytes, formatDuration } from '../../core/text/units.ts';
import { type Style, table } from './style.ts';
import { verdictText } from './verdicts.ts';

/** The end of a backup run: a line per database. SIZE is the database's on the server, RATE is SIZE over TIME. */
export function summaryTable(report: BackupReport, style: Style): string[] {
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
  return table(['DATABASE', 'SIZE', 'ARCHIVE', 'TIME', 'RATE', 'VERDICT', 'BACKUP'], rows, [1, 2, 3, 4]);
}
