import type { Missing } from '../../core/copy/find-missing.ts';
import type { CopyLeft, CopyLine, CopyReport } from '../../core/copy/request.ts';
import { formatId } from '../../core/manifest/backup-id.ts';
import { formatBytes, formatDuration, plural } from '../../core/text/units.ts';
import { type Style, table } from './style.ts';

/** A line per backup that was touched, then how many were not. */
export function copyLines({ backups, there, left, to }: CopyReport, style: Style, width?: number): string[] {
  const rows = backups.map((line) => [line.id, ...cells(line, style)]);
  const count = (kind: CopyLine['kind']): number => backups.filter((line) => line.kind === kind).length;
  const sum = [
    `${plural(count('copied'), 'backup')} copied to ${to}`,
    ...(count('failed') > 0 ? [style.red(`${count('failed')} failed`)] : []),
    ...(there + count('there') > 0 ? [`${there + count('there')} there already`] : []),
    ...leftTexts(left),
  ];
  const shown =
    rows.length > 0 ? [...table(['BACKUP', 'SIZE', 'TIME', 'OUTCOME'], rows, [1, 2], { width }), ''] : [];
  return [...shown, `${sum.join(', ')}.`];
}

function cells(line: CopyLine, style: Style): string[] {
  switch (line.kind) {
    case 'copied':
      return [formatBytes(line.bytes), formatDuration(line.seconds), style.green('copied, read back whole')];
    case 'there':
      return ['', '', line.verdictBrought ? 'there already; its verdict was brought' : 'there already'];
    case 'failed':
      return ['', '', style.red('failed')];
  }
}

const reasons: Readonly<Record<CopyLeft['why'], string>> = {
  failed: 'failed their verification',
  unreadable: 'have a manifest that cannot be read',
  pruned: 'are being deleted in the first place',
  removed: 'were pruned there before',
  'no-rule': 'would be pruned there',
};

function leftTexts(left: readonly CopyLeft[]): string[] {
  return Object.entries(reasons).flatMap(([why, text]) => {
    const count = left.filter((one) => one.why === why).length;
    return count === 0 ? [] : [`${count} ${text}`];
  });
}

/** What would be copied, a line each. */
export function missingLines({ missing, there, outdated, left, unknown, closed }: Missing): string[] {
  const sum = [
    `${plural(missing.length, 'backup')} would be copied`,
    `${there.length + outdated.length} there already`,
    ...leftTexts(left),
    ...(unknown.length === 0 ? [] : [`of ${unknown.length} nobody knows (${unknown[0]?.why})`]),
  ];
  const lines = closed.map(({ folder, why }) => `${folder} cannot be looked into: ${why}`);
  return [...missing.map(({ id }) => formatId(id)), ...lines, `${sum.join(', ')}.`];
}
