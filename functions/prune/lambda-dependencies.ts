import type { Context } from 'aws-lambda';
import { type Notifier, notifier } from '../../core/notify/notifier.ts';
import { snsChannel } from '../../core/notify/sns-channel.ts';
import { prune } from '../../core/prune/prune.ts';
import { bucketIn } from '../../core/store/open-bucket.ts';
import { prunableS3Store } from '../../core/store/s3/prunable-s3-store.ts';
import { stopBefore } from '../lambda/deadline.ts';
import { reachOther } from '../lambda/other-place.ts';
import { parseEvent } from '../lambda/settings.ts';
import { type PruneEvent, pruneEventSchema } from './contract.ts';
import type { Shared } from './run.ts';
import { readPruneSettings, sourcesOf } from './settings.ts';

/** What a run is about, and what it needs of the world. No store is contacted yet. */
export type Prepared = {
  readonly sources: readonly string[];
  readonly request: PruneEvent;
  readonly shared: Omit<Shared, 'signal'>;
  readonly notifier: Notifier;
  readonly logTopicArn: string | undefined;
};

/** @throws BadSettings with every problem of the environment, or of the event; CredentialsUnavailable */
export async function prepare(
  event: unknown,
  env: NodeJS.ProcessEnv,
  context: Pick<Context, 'getRemainingTimeInMillis'>,
): Promise<Prepared> {
  const settings = readPruneSettings(env);
  const { store, kmsKeyArn, policy, lock, topicArn } = settings;
  const request = parseEvent(pruneEventSchema, event, '{} or {"dryRun": true, "databases": ["app"]}');
  const reach = await reachOther(settings.otherPlace);
  const now = new Date();
  return {
    logTopicArn: settings.logTopicArn,
    request,
    sources: sourcesOf(settings, request, now),
    shared: {
      prune,
      store: prunableS3Store({ ...reach, ...bucketIn(store), kmsKeyArn }),
      policy,
      lock,
      clock: () => new Date(),
      stopBefore: stopBefore(context, now),
    },
    notifier: notifier(snsChannel(topicArn), 'failures'),
  };
}
