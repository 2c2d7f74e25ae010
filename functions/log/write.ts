import { backupLog } from '../../core/notify/backup-log/backup-log.ts';
import type { RunEvent } from '../../core/notify/run-events.ts';
import { secretSource } from '../../core/source/aws-source.ts';
import { killedAfterSeconds, logTimeoutSeconds } from './contract.ts';
import type { LogSettings } from './settings.ts';

/** @returns how many of them are not in the table */
export async function writeEvents(
  events: readonly RunEvent[],
  settings: LogSettings,
  onWarning: (text: string) => void,
): Promise<number> {
  const { secretArn, host, port, database, sslMode, rootCert, schema, table } = settings;
  let left = 0;
  const log = backupLog({
    schema,
    table,
    onWarning,
    resolve: secretSource({
      name: 'backup_log',
      secretArn,
      overrides: { host, port, database, sslMode, rootCert },
    }).resolve,
    onUnwritten: (count) => {
      left = count;
    },
    abandonedAfterSeconds: killedAfterSeconds,
    limits: { attemptSeconds: logTimeoutSeconds / 4, pauseSeconds: logTimeoutSeconds },
  });
  for (const event of events) await log.on(event);
  await log.close();
  return left;
}
