import { iamSource, secretSource } from '../shared/postgres/aws-source.ts';
import type { Source } from '../shared/postgres/source.ts';
import type { BackupSettings } from './settings.ts';

/** The source that the function's settings describe: a secret, or an IAM token. */
export function lambdaSource(settings: BackupSettings): Source {
  const {
    source: name,
    secretArn,
    auth,
    host,
    port,
    user,
    maintenanceDatabase: database,
    sslMode,
  } = settings;
  if (auth === 'iam' && host !== undefined && user !== undefined) {
    return iamSource({ name, host, user, database, sslMode, ...(port === undefined ? {} : { port }) });
  }
  if (secretArn === undefined) throw new Error('the settings were checked to have a secret');
  return secretSource({ name, secretArn, overrides: { host, port, user, database, sslMode } });
}
