import type { Context } from 'aws-lambda';
import type { Choice } from '../../core/inventory/read-backup.ts';
import { notifier } from '../../core/notify/notifier.ts';
import { snsChannel } from '../../core/notify/sns-channel.ts';
import { obtainTools, obtainVerificationTools, rememberTools } from '../../core/postgres/programs/obtain.ts';
import { openBucket } from '../../core/store/open-bucket.ts';
import type { VerifyRequest } from '../../core/verify/request.ts';
import type { TellDependencies } from '../../core/verify/verify-and-tell.ts';
import { deadlineReserveSeconds } from '../lambda/deadline.ts';
import { parseEvent } from '../lambda/settings.ts';
import { verifyEventSchema } from './contract.ts';
import { requestFrom } from './event.ts';
import { readVerifySettings } from './settings.ts';

/**
 * What is to be verified, and with what.
 * @throws BadSettings, BackupNotFound, StoreUnusable
 */
export async function prepare(
  event: unknown,
  env: NodeJS.ProcessEnv,
  signal: AbortSignal,
  context: Pick<Context, 'getRemainingTimeInMillis'>,
): Promise<{
  readonly request: VerifyRequest;
  readonly choice: Choice;
  readonly dependencies: TellDependencies;
  readonly logTopicArn: string | undefined;
}> {
  const settings = readVerifySettings(env);
  const store = openBucket(settings.store, { kmsKeyArn: settings.kmsKeyArn });
  const parsed = parseEvent(verifyEventSchema, event, '{"backup": "orders-prod/app/latest"}');
  return {
    logTopicArn: settings.logTopicArn,
    ...(await requestFrom(parsed, settings, store, { signal })),
    dependencies: {
      store,
      tools: rememberTools((serverMajor) => obtainTools({ serverMajor, signal })),
      verificationTools: (major) => obtainVerificationTools({ major, signal }),
      // Nothing of production lies there, and the server layer's bubblewrap is tried first all the same.
      uncontained: settings.allowUncontained ? 'own-machine-asked-for' : 'own-machine',
      clock: () => new Date(),
      notifier: notifier(snsChannel(settings.topicArn), settings.notify),
      signal,
      // What is kept back for the verdict is kept back here too: the signal comes then.
      deadline: new Date(Date.now() + context.getRemainingTimeInMillis() - deadlineReserveSeconds * 1_000),
    },
  };
}
