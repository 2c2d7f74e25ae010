import { PgproofError } from '../errors.ts';
import { plural } from '../text/units.ts';
import type { CopyReport } from './request.ts';

const shown = 20;

/** Not everything came over that was to. What did is whole, and the first place has what it had. */
export class CopyIncomplete extends PgproofError {
  override readonly name = 'CopyIncomplete';
  readonly report: CopyReport;

  constructor(report: CopyReport) {
    const failed = report.backups.flatMap((line) => (line.kind === 'failed' ? [line] : []));
    const { closed = [] } = report;
    const lines = [
      ...closed.map(({ folder, why }) => `${folder} cannot be looked into: ${why}`),
      ...failed.map(({ id, error }) => `${id}: ${error}`),
    ];
    const what = [
      ...(failed.length > 0 || closed.length === 0 ? [plural(failed.length, 'backup')] : []),
      ...(closed.length === 0 ? [] : [`what lies in ${plural(closed.length, 'folder')}`]),
    ].join(' and ');
    const more = lines.length > shown ? [`and ${plural(lines.length - shown, 'other')}`] : [];
    super({
      what: `${what} of ${report.from} could not be copied to ${report.to}`,
      got: [...lines.slice(0, shown), ...more].join('\n'),
      fix: 'Mend what is named, then run it again: it goes on where it was.',
    });
    this.report = report;
  }
}
