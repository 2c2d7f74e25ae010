export type { SslMode } from './backup-function.ts';
export { BackupBucket, type BackupBucketProps } from './bucket.ts';
export { ClientLayer, type ClientLayerProps, ClientLayerUnavailable } from './layer.ts';
export { PostgresBackup } from './postgres-backup.ts';
export type { PostgresBackupProps } from './postgres-backup-props.ts';
export type { BackupSchedule } from './schedule.ts';
export { AlertTopic, type AlertTopicProps } from './topic.ts';
