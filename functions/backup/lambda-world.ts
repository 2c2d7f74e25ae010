import type { Logger } from '@aws-lambda-powertools/logger';
import type { Metrics } from '@aws-lambda-powertools/metrics';
import { snsNotifier } from '../shared/notify/sns-notifier.ts';
import { obtainTools } from '../shared/postgres/obtain-tools.ts';
import { rememberTools } from '../shared/postgres/remember-tools.ts';
import { openStore } from '../shared/store/open-store.ts';
import { onProgress } from './lambda-output.ts';
import { lambdaSource } from './lambda-source.ts';
import type { BackupWorld } from './plan.ts';
import type { BackupSettings } from './settings.ts';

/** What a backup needs of the world, as the function's settings describe it. Nothing is contacted yet. */
export function lambdaWorld(
  settings: BackupSettings,
  telemetry: { readonly logger: Logger; readonly metrics: Metrics },
): (signal: AbortSignal) => BackupWorld {
  const { kmsKeyArn, storageClass, partLimit } = settings;
  const world = {
    source: lambdaSource(settings),
    store: openStore(settings.store, { kmsKeyArn, storageClass, partLimit }),
    clock: () => new Date(),
    notifier: snsNotifier(settings.topicArn),
    onProgress: onProgress(telemetry.logger, telemetry.metrics, settings.source),
  };
  return (signal) => ({
    ...world,
    tools: rememberTools((serverMajor) => obtainTools({ serverMajor, signal })),
    signal,
  });
}
