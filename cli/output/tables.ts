import { type BackupReport, isGoodResult } from '../../core/backup/report.ts';
import type { InventoryEntry } from '../../core/inventory/read-entry.ts';
import { formatId } from '../../core/manifest/backup-id.ts';
import { Unreadable } from '../../core/manifest/document.ts';
import { archiveBytes, totalRows } from '../../core/manifest/sizes.ts';
import { formatBytes, formatCount, formatDuration } from '../../core/text/units.ts';
import { type Style, table, visible } from './style.ts';
import { verdictText } from './verdicts.ts';

/** The end of a backup run: a line per database. SIZE is the database's on the server, RATE is SIZE over TIME. */
export function summaryTable(report: BackupReport, style: Style): string {
  const rows = report.databases.map((result) => {
    const took = formatDuration(result.seconds);
    if (result.status === 'failed') {
      const outcome = result.error.name === 'Interrupted' ? 'interrupted' : 'failed';
      return [visible(result.database), '', '', took, '', style.red(outcome), ''];
    }
    const { bytes, seconds, manifest } = result;
    const rate = `${formatBytes(manifest.databaseBytes / Math.max(seconds, 0.001))}/s`;
    const verdict =
      isGoodResult(result) && result.verification === undefined
        ? style.dim('stored')
        : verdictText(result.verification, style);
    const size = formatBytes(manifest.databaseBytes);
    return [visible(result.database), size, formatBytes(bytes), took, rate, verdict, result.id];
  });
  return table(['DATABASE', 'SIZE', 'ARCHIVE', 'TIME', 'RATE', 'VERDICT', 'BACKUP'], rows, [1, 2, 3, 4]);
}

/** What a store holds: a line per backup. */
export function inventoryTable(entries: readonly InventoryEntry[], style: Style): string {
  const rows = entries.map(({ id, manifest, verification }) => {
    if (manifest instanceof Unreadable)
      return [formatId(id), '', '', '', '', style.red('manifest unreadable')];
    const counted = totalRows(manifest);
    return [
      formatId(id),
      formatBytes(archiveBytes(manifest)),
      formatCount(manifest.tables.length),
      counted === undefined ? '' : formatCount(counted),
      manifest.server.version,
      verdictText(verification, style),
    ];
  });
  return table(['BACKUP', 'ARCHIVE', 'TABLES', 'ROWS', 'SERVER', 'VERDICT'], rows, [1, 2, 3]);
}
