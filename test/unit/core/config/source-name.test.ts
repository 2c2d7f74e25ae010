import { expect, test } from 'vitest';
import { sourceName } from '../../../../core/config/source.ts';
import { checkSourceName, defaultNames } from '../../../../core/config/source-name.ts';
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

test.each([
  ['db.example.com', 5432, 'db.example.com', 'db.example.com'],
  ['db.example.com', 5433, 'db.example.com-5433', 'db.example.com'],
  ['/var/run/postgresql', 5432, 'box', 'localhost'],
  ['/var/run/postgresql', 5433, 'box-5433', 'localhost'],
  ['localhost', 5432, 'localhost', 'localhost'],
  ['localhost', 5433, 'localhost-5433', 'localhost'],
  ['127.0.0.1', 6432, '127.0.0.1-6432', '127.0.0.1'],
  ['::1', 5433, '::1-5433', '::1'],
])('%s, port %i, is called %s', (host, port, name, former) => {
  expect(defaultNames({ host, port }, 'box')).toEqual({ name, former });
});

test.each(['', '4f5a9c0d1e2b'])(
  'a machine called %j has no name to give: another one tomorrow',
  (machine) => {
    expect(defaultNames({ host: '/tmp', port: 5432 }, machine).name).toBe('localhost');
    expect(defaultNames({ host: '/tmp', port: 5433 }, machine).name).toBe('localhost-5433');
  },
);
