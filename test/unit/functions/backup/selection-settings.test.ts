import { expect, test } from 'vitest';
import { backupEventSchema } from '../../../../functions/backup/contract.ts';
import { planFromSettings, readBackupSettings } from '../../../../functions/backup/settings.ts';

const environment = {
  PGPROOF_SOURCE: 'orders',
  PGPROOF_STORE: 's3://bucket',
  PGPROOF_SECRET_ARN: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:orders',
  PGPROOF_TOPIC_ARN: 'arn:aws:sns:eu-central-1:123456789012:alerts',
};
const settings = readBackupSettings({
  ...environment,
  PGPROOF_EXCLUDE_TABLES: '["scratch_*"]',
  PGPROOF_EXCLUDE_SCHEMAS: '["old"]',
});

test.each([
  [{}, { excludeSchemas: ['old'], excludeTables: ['scratch_*'] }],
  [{ excludeTables: [] }, { excludeSchemas: ['old'] }],
  [{ excludeTables: [], excludeSchemas: [] }, undefined],
  [
    { schemas: ['app'], excludeTables: ['a', 'b'], excludeTableData: ['c'] },
    { schemas: ['app'], excludeSchemas: ['old'], excludeTables: ['a', 'b'], excludeTableData: ['c'] },
  ],
])('the event %j goes before what the function is told', (event, selection) => {
  expect(planFromSettings(settings, backupEventSchema.parse(event)).selection).toEqual(selection);
});

test('nothing is left out where nobody says so', () => {
  expect(planFromSettings(readBackupSettings(environment), {})).not.toHaveProperty('selection');
});

test('what contradicts itself, and what is no pattern, is refused', () => {
  expect(() => planFromSettings(settings, { schemas: ['old'] })).toThrow(
    /"old" in schemas and in excludeSchemas/,
  );
  expect(() => backupEventSchema.parse({ schemas: ['a\0b'] })).toThrow();
  expect(() => backupEventSchema.parse({ excludeTables: [''] })).toThrow();
  expect(() => readBackupSettings({ ...environment, PGPROOF_SCHEMAS: 'app' })).toThrow(/PGPROOF_SCHEMAS/);
});

test('a database that is asked for and left out is refused', () => {
  const excluding = readBackupSettings({ ...environment, PGPROOF_EXCLUDE_DATABASES: '["old"]' });
  expect(() => planFromSettings(excluding, { databases: ['app', 'old'] })).toThrow(
    /"old" in databases and in excludeDatabases/,
  );
  expect(planFromSettings(excluding, { databases: ['old'], excludeDatabases: [] })).toMatchObject({
    databases: ['old'],
    excludeDatabases: [],
  });
});
