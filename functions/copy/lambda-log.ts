import type { Logger } from '@aws-lambda-powertools/logger';
import type { Metrics } from '@aws-lambda-powertools/metrics';
import { copiedEvents } from '../../core/copy/run-events.ts';
import { logEvents, tellLog } from '../lambda/log-events.ts';
import type { CopyRun } from './run.ts';
import type { CopySettings } from './settings.ts';

/** The log table hears of each backup that came over, or could not. */
export async function tellLogOf(
  { lines }: CopyRun,
  { to, logTopicArn }: CopySettings,
  telemetry: { readonly logger: Logger; readonly metrics: Metrics },
): Promise<void> {
  const log = logEvents(logTopicArn, telemetry);
  await tellLog(log, copiedEvents({ ...log.of, at: new Date() }, { to, backups: lines }));
}
