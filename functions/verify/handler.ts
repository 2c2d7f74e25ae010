import { MetricUnit } from '@aws-lambda-powertools/metrics';
import type { Context } from 'aws-lambda';
import { withDeadline } from '../shared/lambda/deadline.ts';
import { parseEvent } from '../shared/lambda/settings.ts';
import { telemetry } from '../shared/lambda/telemetry.ts';
import { tellFailure } from '../shared/lambda/tell-failure.ts';
import type { Verification } from '../shared/manifest/verification.ts';
import { snsNotifier } from '../shared/notify/sns-notifier.ts';
import { obtainTools } from '../shared/postgres/obtain-tools.ts';
import { openStore } from '../shared/store/open-store.ts';
import { deadlineReserveSeconds, verifyEnvironment, verifyEventSchema, verifyMetrics } from './contract.ts';
import { requestFrom } from './event.ts';
import { readVerifySettings } from './settings.ts';
import { BackupNotGood } from './verdict-error.ts';
import { verifyAndTell } from './verify-and-tell.ts';

const { logger, metrics } = telemetry('verify', verifyMetrics.namespace);

/** Verifies the backup whose manifest was created, or the one that the event names. */
export async function handler(event: unknown, context: Context): Promise<Verification> {
  logger.addContext(context);
  const { settings, request, store } = await tellFailure(
    process.env[verifyEnvironment.topicArn],
    'verification',
    async () => {
      const read = readVerifySettings(process.env);
      const opened = openStore(read.store, { kmsKeyArn: read.kmsKeyArn });
      const parsed = parseEvent(verifyEventSchema, event, '{"backup": "orders-prod/app/latest"}');
      return { settings: read, store: opened, request: await requestFrom(parsed, read, opened) };
    },
  );
  const verification = await withDeadline(context, deadlineReserveSeconds, (signal) =>
    verifyAndTell(request, {
      store,
      tools: (major) => obtainTools({ serverMajor: major, signal }),
      clock: () => new Date(),
      notifier: snsNotifier(settings.topicArn),
      notify: settings.notify,
      signal,
    }),
  );
  logger.info('verified', { ...verification });
  const single = metrics.singleMetric();
  single.addDimension('source', request.id.source);
  single.addDimension('database', request.id.database);
  single.addMetric(verifyMetrics[verification.verdict], MetricUnit.Count, 1);
  if (verification.verdict === 'failed' || verification.verdict === 'unverifiable')
    throw new BackupNotGood(verification);
  return verification;
}
