import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { DailyPrune } from './daily-prune.ts';
import { onePlace, placeOf } from './one-place.ts';
import type { BackupRetentionProps } from './retention-props.ts';

/**
 * Deletes, daily, what no rule keeps of the backups of some sources: one function, whose role may hide objects of backups
 * and delete no version of them.
 */
export class BackupRetention extends DailyPrune {
  constructor(scope: Construct, id: string, { backups, topic, ...policy }: BackupRetentionProps) {
    const first = onePlace(backups, 'BackupRetention', 'prune');
    super(scope, id, {
      ...policy,
      sourceNames: backups.map(({ sourceName }) => sourceName),
      storeUrl: first.storeUrl,
      place: placeOf(backups, first),
      topic: topic ?? first.topic,
      logGroupName: `/pgproof/${Stack.of(scope).stackName}/${id}/prune`,
      about: 'the backups',
    });
  }
}
