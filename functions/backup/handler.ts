import type { Context } from 'aws-lambda';
import { backup } from '../../core/backup/backup.ts';
import { BackupFailed, isGood } from '../../core/backup/report.ts';
import { withDeadline } from '../lambda/deadline.ts';
import { parseEvent } from '../lambda/settings.ts';
import { telemetry } from '../lambda/telemetry.ts';
import { tellFailure } from '../lambda/tell-failure.ts';
import { backupEnvironment, backupEventSchema, backupMetrics, deadlineReserveSeconds } from './contract.ts';
import { type BackupResponse, responseOf } from './lambda-output.ts';
import { lambdaWorld } from './lambda-world.ts';
import { planFrom, readBackupSettings } from './settings.ts';

const { logger, metrics } = telemetry('backup', backupMetrics.namespace);

/** Backs up the source of the environment variables; `event` may override the configuration for this run. */
export async function handler(event: unknown, context: Context): Promise<BackupResponse> {
  logger.addContext(context);
  const { plan, worldUntil } = await tellFailure(process.env[backupEnvironment.topicArn], 'backup', () => {
    const settings = readBackupSettings(process.env);
    const request = parseEvent(backupEventSchema, event, '{} or {"databases": ["app"]}');
    return { plan: planFrom(settings, request), worldUntil: lambdaWorld(settings, { logger, metrics }) };
  });
  const report = await withDeadline(context, deadlineReserveSeconds, (signal) =>
    backup(plan, worldUntil(signal)),
  );
  // Lambda's error metric, the failure destination and the alarm see what is thrown, and nothing else.
  if (!report.databases.every(isGood)) throw new BackupFailed(report);
  return responseOf(report);
}
