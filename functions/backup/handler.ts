import type { Context } from 'aws-lambda';
import { BackupFailed, isGoodResult } from '../../core/backup/report.ts';
import { withDeadline } from '../lambda/deadline.ts';
import { logEvents } from '../lambda/log-events.ts';
import { parseEvent } from '../lambda/settings.ts';
import { telemetry } from '../lambda/telemetry.ts';
import { tellFailure } from '../lambda/tell-failure.ts';
import { backupEnvironment, backupEventSchema, backupMetrics } from './contract.ts';
import { lambdaDependencies } from './lambda-dependencies.ts';
import { type BackupResponse, responseOf } from './lambda-output.ts';
import { loggedBackup } from './logged.ts';
import { planFromSettings, readBackupSettings } from './settings.ts';

const { logger, metrics } = telemetry('backup', backupMetrics.namespace);

/** Backs up the source of the environment variables; `event` may override the configuration for this run. */
export async function handler(event: unknown, context: Context): Promise<BackupResponse> {
  logger.addContext(context);
  const { plan, dependenciesUntil, log } = await tellFailure(
    process.env[backupEnvironment.topicArn],
    'backup',
    () => {
      const settings = readBackupSettings(process.env);
      const request = parseEvent(backupEventSchema, event, '{} or {"databases": ["app"]}');
      return {
        plan: planFromSettings(settings, request),
        dependenciesUntil: lambdaDependencies(settings, { logger, metrics }),
        log: logEvents(settings.logTopicArn, { logger, metrics }),
      };
    },
  );
  const report = await withDeadline(context, (signal) => loggedBackup(plan, dependenciesUntil(signal), log));
  // Lambda's error metric, the failure destination and the alarm see what is thrown, and nothing else.
  if (!report.databases.every(isGoodResult)) throw new BackupFailed(report);
  return responseOf(report);
}
