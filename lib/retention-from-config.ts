import { Annotations, TimeZone } from 'aws-cdk-lib';
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import type { Construct } from 'constructs';
import { sharedZone } from '../core/config/daily.ts';
import { policyDefaults } from '../core/retention/policy.ts';
import type { Config } from './config/schema.ts';
import { BackupRetention } from './retention.ts';
import type { BackupRetentionProps } from './retention-props.ts';

/** What `prune` of the configuration describes; undefined where there is none: nothing is deleted then. */
export function retentionFrom(
  scope: Construct,
  { prune, sources }: Config,
  shared: Omit<BackupRetentionProps, 'keep' | 'min' | 'cliff' | 'verified' | 'timeZone' | 'expression'>,
): BackupRetention | undefined {
  if (prune === undefined) return undefined;
  const zones = sources.flatMap(({ schedules }) => schedules.map(({ timeZone }) => timeZone));
  const timeZone = prune.timeZone ?? sharedZone(zones) ?? policyDefaults.timeZone;
  if (prune.timeZone === undefined && sharedZone(zones) === undefined) {
    Annotations.of(scope).addWarningV2(
      'pgproof:prune-zone',
      `The schedules are in several time zones (${[...new Set(zones)].join(', ')}): prune counts days, weeks and months in ${timeZone}. Set prune.timeZone to the one that people mean.`,
    );
  }
  return new BackupRetention(scope, 'Retention', {
    ...shared,
    keep: prune.keep,
    min: prune.min,
    cliff: prune.cliff,
    verified: prune.verified,
    timeZone,
    expression: ScheduleExpression.expression(prune.schedule, TimeZone.of(timeZone)),
  });
}
