import type { Context } from 'aws-lambda';
import { isInOrder, type Verified } from '../../core/manifest/verified.ts';
import { BackupNotGood } from '../../core/verify/verdict-error.ts';
import { withDeadline } from '../lambda/deadline.ts';
import { logEvents } from '../lambda/log-events.ts';
import { warnOfChoice } from '../lambda/passed-over.ts';
import { telemetry } from '../lambda/telemetry.ts';
import { tellFailure } from '../lambda/tell-failure.ts';
import { verifyEnvironment, verifyMetrics } from './contract.ts';
import { prepare } from './lambda-dependencies.ts';
import { recordVerification } from './lambda-output.ts';
import { loggedVerification } from './logged.ts';

const { logger, metrics } = telemetry('verify', verifyMetrics.namespace);

/** Verifies the backup whose manifest was created, or the one that the event names. */
export async function handler(event: unknown, context: Context): Promise<Verified> {
  logger.addContext(context);
  const verification = await withDeadline(context, async (signal) => {
    const { request, choice, dependencies, logTopicArn } = await tellFailure(
      process.env[verifyEnvironment.topicArn],
      'verification',
      () => prepare(event, process.env, signal, context),
    );
    warnOfChoice(logger, request.id, choice);
    return await loggedVerification(request, dependencies, logEvents(logTopicArn, { logger, metrics }));
  });
  recordVerification(logger, metrics, verification);
  // Lambda's error metric, the failure destination and the alarm see what is thrown, and nothing else.
  if (!isInOrder(verification)) throw new BackupNotGood(verification);
  return verification;
}
