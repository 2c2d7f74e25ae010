import { expect, test } from 'vitest';
import { sourceName } from '../../../../core/config/source.ts';
import { checkSourceName } from '../../../../core/config/source-name.ts';
import { readBackupSettings } from '../../../../functions/backup/settings.ts';

const environment = (source: string): NodeJS.ProcessEnv => ({
  PGPROOF_SOURCE: source,
  PGPROOF_STORE: 's3://backups',
  PGPROOF_SECRET_ARN: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:x-AbCdEf',
  PGPROOF_TOPIC_ARN: 'arn:aws:sns:eu-central-1:123456789012:alerts',
});

test.each(['status', 'Status', 'STATUS'])('%s is the place of the status page, and no source', (name) => {
  expect(() => checkSourceName(name)).toThrow('Choose another one, such as orders-prod');
  expect(sourceName.safeParse(name).success).toBe(false);
  expect(() => readBackupSettings(environment(name))).toThrow(/PGPROOF_SOURCE: .*another name than status/);
});

test.each(['status-2', 'mystatus', 'status.prod', 'orders-prod', 'statuſ'])('%s may be a source', (name) => {
  expect(() => checkSourceName(name)).not.toThrow();
  expect(readBackupSettings(environment(name)).source).toBe(name);
});
