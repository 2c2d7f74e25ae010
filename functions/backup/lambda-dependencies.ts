import type { Logger } from '@aws-lambda-powertools/logger';
import type { Metrics } from '@aws-lambda-powertools/metrics';
import type { BackupDependencies } from '../../core/backup/plan.ts';
import { notifier } from '../../core/notify/notifier.ts';
import { snsChannel } from '../../core/notify/sns-channel.ts';
import { obtainTools, rememberTools } from '../../core/postgres/programs/obtain.ts';
import { iamSource, secretSource } from '../../core/source/aws-source.ts';
import type { Source } from '../../core/source/source.ts';
import { openBucket } from '../../core/store/open-bucket.ts';
import { onProgress } from './lambda-output.ts';
import type { BackupSettings } from './settings.ts';

/** What a backup needs of the world, as the function's settings describe it. Nothing is contacted yet. */
export function lambdaDependencies(
  settings: BackupSettings,
  telemetry: { readonly logger: Logger; readonly metrics: Metrics },
): (signal: AbortSignal) => BackupDependencies {
  const { kmsKeyArn, storageClass, partLimit, contact } = settings;
  const dependencies = {
    source: lambdaSource(settings),
    store: openBucket(settings.store, { kmsKeyArn, storageClass, partLimit }),
    // The role may put at free keys only.
    recovery: { contact, write: 'once' as const },
    clock: () => new Date(),
    notifier: notifier(snsChannel(settings.topicArn), settings.notify),
    onProgress: onProgress(telemetry.logger, telemetry.metrics, settings.source),
  };
  return (signal) => ({
    ...dependencies,
    tools: rememberTools((serverMajor) => obtainTools({ serverMajor, signal })),
    signal,
  });
}

/** The source that the function's settings describe: a secret, or an IAM token. */
function lambdaSource(settings: BackupSettings): Source {
  const {
    source: name,
    secretArn,
    auth,
    host,
    port,
    user,
    maintenanceDatabase: database,
    sslMode,
    rootCert,
  } = settings;
  if (auth === 'iam' && host !== undefined && user !== undefined) {
    return iamSource({
      name,
      host,
      user,
      database,
      sslMode,
      rootCert,
      ...(port === undefined ? {} : { port }),
    });
  }
  if (secretArn === undefined) throw new Error('the settings were checked to have a secret');
  return secretSource({ name, secretArn, overrides: { host, port, user, database, sslMode, rootCert } });
}
