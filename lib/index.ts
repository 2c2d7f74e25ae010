export type { UserCheck as VerifyCheck } from '../core/config/checks.ts';
export type { LevelChoice as VerifyLevel, TlsMode as SslMode } from '../core/vocabulary.ts';
export { BackupBucket, type BackupBucketProps } from './bucket.ts';
export { ClientLayer, type ClientLayerProps, ServerLayer, type ServerLayerProps } from './layer.ts';
export { LayerUnavailable } from './layer-code.ts';
export { PostgresBackup } from './postgres-backup.ts';
export type { PostgresBackupProps, RestoreProps, VerifyNetworkProps } from './postgres-backup-props.ts';
export type { BackupSchedule } from './schedule.ts';
export { AlertTopic, type AlertTopicProps } from './topic.ts';
