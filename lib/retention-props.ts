import type { Duration, Size } from 'aws-cdk-lib';
import type { Architecture } from 'aws-cdk-lib/aws-lambda';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler';
import type { ITopic } from 'aws-cdk-lib/aws-sns';
import type { BackupLog } from './backup-log.ts';
import type { PostgresBackup } from './postgres-backup.ts';
import type { KeepRules } from './prune-function.ts';

export interface BackupRetentionProps {
  /** Whose backups are looked at, and no others. At least one; all in one bucket, under one prefix. */
  readonly backups: readonly PostgresBackup[];
  /** `{ daily: 7, weekly: 4, monthly: 12, within: '30d' }`: at least one rule, each of which adds to the others. */
  readonly keep: KeepRules;
  /**
   * How many good backups of each database are kept whatever the rules say.
   * @default 3
   */
  readonly min?: number | undefined;
  /**
   * Below which part of the rows, or of the bytes, of the one before a backup is a cliff, which pins the one before. 0: none is.
   * @default 0.5
   */
  readonly cliff?: number | undefined;
  /**
   * Whether only backups that were verified count as good. False where you have switched the verification off.
   * @default true
   */
  readonly verified?: boolean | undefined;
  /**
   * IANA name of the zone whose days, weeks and months are meant: that of the schedules.
   * @default 'UTC'
   */
  readonly timeZone?: string | undefined;
  /**
   * When it runs: on every day, after the nights.
   * @default - at noon, in `timeZone`
   */
  readonly expression?: ScheduleExpression | undefined;
  /**
   * Who hears of what was refused or failed.
   * @default - the topic of the first backup
   */
  readonly topic?: ITopic | undefined;
  /**
   * The table that hears of it.
   * @default - none
   */
  readonly log?: BackupLog | undefined;
  /** @default Architecture.ARM_64 */
  readonly architecture?: Architecture | undefined;
  /** @default Size.mebibytes(1024) */
  readonly memory?: Size | undefined;
  /**
   * How long a run may take. What it did not come to is done the next day.
   * @default Duration.minutes(15)
   */
  readonly timeout?: Duration | undefined;
  /** @default RetentionDays.THREE_MONTHS */
  readonly logRetention?: RetentionDays | undefined;
  /**
   * Directory with `prune/index.mjs`.
   * @default - dist/functions of this package
   */
  readonly functionsDirectory?: string | undefined;
}
