import {
  type Advice,
  alternatives,
  arnOfKey,
  databaseName,
  portNumber,
} from '../../../core/config/advice/recurring.ts';
import { tlsModes } from '../../../core/vocabulary.ts';

/** The table for other people's monitoring. */
export const ofBackupLog: Readonly<Record<string, Advice>> = {
  backupLog: { expected: 'an object with secretArn', fix: 'Leave it out: then no table is written.' },
  'backupLog.secretArn': {
    expected: 'arn:aws:secretsmanager:REGION:ACCOUNT:secret:NAME-XXXXXX',
    fix: 'Copy the whole ARN of the secret of the role that may write the table, with the six characters at its end.',
  },
  'backupLog.secretKmsKeyArn': arnOfKey,
  'backupLog.host': { expected: 'a host name', fix: 'Give it where the secret has no host.' },
  'backupLog.port': portNumber,
  'backupLog.database': databaseName,
  'backupLog.sslMode': { expected: alternatives(tlsModes), fix: 'Leave it out for the safe default.' },
  'backupLog.caFile': {
    expected: 'the path of a PEM file',
    fix: "Name the file with the authority of the server's certificate, or leave it out for one that AWS signed.",
  },
  'backupLog.schema': { expected: 'a name of at most 50 bytes', fix: 'Leave it out for public.' },
  'backupLog.table': { expected: 'a name of at most 50 bytes', fix: 'Leave it out for backup_log.' },
};
