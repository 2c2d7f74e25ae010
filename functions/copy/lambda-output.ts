import type { Logger } from '@aws-lambda-powertools/logger';
import { type Metrics, MetricUnit } from '@aws-lambda-powertools/metrics';
import type { CopyLine } from '../../core/copy/request.ts';
import { PgproofError } from '../../core/errors.ts';
import { encodeName, parseId } from '../../core/manifest/backup-id.ts';
import type { Notifier } from '../../core/notify/notifier.ts';
import { plural } from '../../core/text/units.ts';
import { nameOf, type Trouble } from '../lambda/tell-troubles.ts';
import { copyMetrics } from './contract.ts';
import type { CopyRun } from './run.ts';
import type { CopySettings } from './settings.ts';

/** What the console and a caller see. */
export type CopyResponse = {
  readonly copy: string;
  readonly from: string;
  readonly to: string;
  /** What was copied, brought up to date, or failed. */
  readonly backups: readonly CopyLine[];
  readonly there: number;
  /** Not copied, and rightly. */
  readonly left: CopyRun['left'];
};

export function responseOf(run: CopyRun, { name, store, to }: CopySettings): CopyResponse {
  return { copy: name, from: store, to, backups: run.lines, there: run.there, left: run.left };
}

/** A line of the log for each backup, and its metrics. */
export function record(logger: Logger, metrics: Metrics, { copy, backups, left }: CopyResponse): void {
  for (const line of backups) {
    if (line.kind === 'failed') logger.error('not copied', { copy, backup: line });
    else logger.info(line.kind === 'copied' ? 'copied' : 'there already', { copy, backup: line });
    if (line.kind === 'there') continue;
    const { source, database } = parseId(line.id);
    metrics.addDimensions({ copy, source: encodeName(source), database: encodeName(database) });
    metrics.addMetric(copyMetrics.copied, MetricUnit.Count, line.kind === 'copied' ? 1 : 0);
    metrics.addMetric(copyMetrics.failed, MetricUnit.Count, line.kind === 'failed' ? 1 : 0);
    if (line.kind === 'copied') metrics.addMetric(copyMetrics.copiedBytes, MetricUnit.Bytes, line.bytes);
    metrics.publishStoredMetrics();
  }
  for (const { id, why } of left) logger.warn('left', { copy, id, why });
}

/** Good news, for those who asked for it. @throws AlertNotSent */
export async function tellCopied(
  notifier: Notifier,
  { copy, to, backups }: CopyResponse,
  at: Date,
): Promise<void> {
  for (const line of backups) {
    if (line.kind !== 'copied') continue;
    const { source, database } = parseId(line.id);
    const { id, bytes, seconds } = line;
    const what = `Copied to ${copy} and read back`;
    await notifier.tell({
      result: 'good',
      work: 'copy',
      source,
      database,
      store: to,
      id,
      at,
      what,
      bytes,
      seconds,
    });
  }
}

/** Something was not copied that was to be. Everything else was done. */
export class BackupsNotCopied extends PgproofError {
  override readonly name = 'BackupsNotCopied';

  constructor(troubles: readonly Trouble[]) {
    super({
      what: `Not everything was copied: ${plural(troubles.length, 'trouble')}`,
      got: troubles.map((trouble) => `${nameOf(trouble)}: ${trouble.what}`).join('\n'),
      fix: troubles[0]?.fix ?? 'Read the alerts.',
    });
  }
}
