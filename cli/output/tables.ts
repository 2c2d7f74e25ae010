import { type BackupReport, isGoodResult } from '../../core/backup/report.ts';
import type { InventoryEntry } from '../../core/inventory/read-entry.ts';
import { formatId } from '../../core/manifest/backup-id.ts';
import { Unreadable } from '../../core/manifest/document.ts';
import { archiveBytes, totalRows } from '../../core/manifest/sizes.ts';
import { formatBytes, formatCount, formatDuration } from '../../core/text/units.ts';
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
    return [result.database, size, formatBytes(bytes), took, rate, verdict, result.id];
  });
  return table(['DATABASE', 'SIZE', 'ARCHIVE', 'TIME', 'RATE', 'VERDICT', 'BACKUP'], rows, [1, 2, 3, 4]);
}

const inventoryHead = ['BACKUP', 'ARCHIVE', 'TABLES', 'ROWS', 'SERVER', 'VERDICT'];

/** What a store holds: a line per backup, made of {@link inventoryRow}s. */
export function inventoryTable(rows: readonly (readonly string[])[]): string[] {
  return table(inventoryHead, rows, [1, 2, 3]);
}

/** A backup in a list. */
export function inventoryRow({ id, manifest, verification }: InventoryEntry, style: Style): string[] {
  if (manifest instanceof Unreadable) return [formatId(id), '', '', '', '', style.red('manifest unreadable')];
  const counted = totalRows(manifest);
  return [
    formatId(id),
    formatBytes(archiveBytes(manifest)),
    formatCount(manifest.tables.length),
    counted === undefined ? '' : formatCount(counted),
    manifest.server.version,
    verdictText(verification, style),
  ];
}
