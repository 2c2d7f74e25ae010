import type { Context } from 'aws-lambda';
import { withDeadline } from '../shared/lambda/deadline.ts';
import { telemetry } from '../shared/lambda/telemetry.ts';
import { tellFailure } from '../shared/lambda/tell-failure.ts';
import type { Verification } from '../shared/manifest/verification.ts';
import { deadlineReserveSeconds, verifyEnvironment, verifyMetrics } from './contract.ts';
import { recordVerification } from './lambda-output.ts';
import { prepare } from './lambda-world.ts';
import { BackupNotGood, isGood } from './verdict-error.ts';
import { verifyAndTell } from './verify-and-tell.ts';

const { logger, metrics } = telemetry('verify', verifyMetrics.namespace);

/** Verifies the backup whose manifest was created, or the one that the event names. */
export async function handler(event: unknown, context: Context): Promise<Verification> {
  logger.addContext(context);
  const verification = await withDeadline(context, deadlineReserveSeconds, async (signal) => {
    const { request, dependencies } = await tellFailure(
      process.env[verifyEnvironment.topicArn],
      'verification',
      () => prepare(event, process.env, signal, context),
    );
    return await verifyAndTell(request, dependencies);
  });
  recordVerification(logger, metrics, verification);
  // Lambda's error metric, the failure destination and the alarm see what is thrown, and nothing else.
  if (!isGood(verification)) throw new BackupNotGood(verification);
  return verification;
}
