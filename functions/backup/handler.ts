import type { Context } from 'aws-lambda';
import { withDeadline } from '../shared/lambda/deadline.ts';
import { parseEvent } from '../shared/lambda/settings.ts';
import { telemetry } from '../shared/lambda/telemetry.ts';
import { tellFailure } from '../shared/lambda/tell-failure.ts';
import { snsNotifier } from '../shared/notify/sns-notifier.ts';
import { obtainTools } from '../shared/postgres/obtain-tools.ts';
import { openStore } from '../shared/store/open-store.ts';
import { backup } from './backup.ts';
import { backupEnvironment, backupEventSchema, backupMetrics, deadlineReserveSeconds } from './contract.ts';
import { logProgress, recordMetrics, responseOf } from './lambda-output.ts';
import { lambdaSource } from './lambda-source.ts';
import { BackupFailed, isGood } from './report.ts';
import { planFrom, readBackupSettings } from './settings.ts';

const { logger, metrics } = telemetry('backup', backupMetrics.namespace);

/** Backs up the source of the environment variables; `event` may override the configuration for this run. */
export async function handler(event: unknown, context: Context): Promise<ReturnType<typeof responseOf>> {
  logger.addContext(context);
  const { settings, plan } = await tellFailure(process.env[backupEnvironment.topicArn], 'backup', () => {
    const read = readBackupSettings(process.env);
    return {
      settings: read,
      plan: planFrom(read, parseEvent(backupEventSchema, event, '{} or {"databases": ["app"]}')),
    };
  });
  const { kmsKeyArn, storageClass, partLimit } = settings;
  const report = await withDeadline(context, deadlineReserveSeconds, (signal) =>
    backup(plan, {
      source: lambdaSource(settings),
      store: openStore(settings.store, { kmsKeyArn, storageClass, partLimit }),
      tools: (serverMajor) => obtainTools({ serverMajor, signal }),
      clock: () => new Date(),
      notifier: snsNotifier(settings.topicArn),
      onProgress: logProgress(logger),
      signal,
    }),
  );
  recordMetrics(metrics, report);
  // Lambda's error metric, the failure destination and the alarm see what is thrown, and nothing else.
  if (!report.databases.every(isGood)) throw new BackupFailed(report);
  return responseOf(report);
}
