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
    const more = failed.length > shown ? [`and ${plural(failed.length - shown, 'other')}`] : [];
    super({
      what: `${plural(failed.length, 'backup')} of ${report.from} could not be copied to ${report.to}`,
      got: [...failed.slice(0, shown).map(({ id, error }) => `${id}: ${error}`), ...more].join('\n'),
      fix: 'Mend what is named, then run it again: it goes on where it was.',
    });
    this.report = report;
  }
}
