import { expect, test } from 'vitest';
import { planFromFlags, withBackupFlags } from '../../../../cli/backup-flags.ts';
import { storeCommand } from '../../../../cli/options.ts';
import { backupEventSchema } from '../../../../functions/backup/contract.ts';
import { planFromSettings, readBackupSettings } from '../../../../functions/backup/settings.ts';

const environment = {
  PGPROOF_SOURCE: 'orders',
  PGPROOF_STORE: 's3://bucket',
  PGPROOF_SECRET_ARN: 'arn:aws:secretsmanager:eu-central-1:123456789012:secret:orders',
  PGPROOF_TOPIC_ARN: 'arn:aws:sns:eu-central-1:123456789012:alerts',
};

test.each([
  [undefined, {}, false],
  ['true', {}, true],
  ['false', {}, false],
  ['true', { fingerprint: false }, false],
  [undefined, { fingerprint: true }, true],
])('PGPROOF_FINGERPRINT=%s and the event %j', (variable, event, fingerprint) => {
  const settings = readBackupSettings({ ...environment, PGPROOF_FINGERPRINT: variable });
  expect(planFromSettings(settings, backupEventSchema.parse(event)).fingerprint).toBe(fingerprint);
});

test('without counts there is no scan to take them in', () => {
  const settings = readBackupSettings({ ...environment, PGPROOF_FINGERPRINT: 'true' });
  expect(() => planFromSettings(settings, { rows: 'none' })).toThrow(
    /Fingerprints are taken while rows are counted/,
  );
  expect(() => readBackupSettings({ ...environment, PGPROOF_FINGERPRINT: 'yes' })).toThrow(
    /PGPROOF_FINGERPRINT/,
  );
});

test('the flag', () => {
  const flags = (...args: string[]): Parameters<typeof planFromFlags>[0] =>
    withBackupFlags(storeCommand('backup'))
      .parse(['--store', 'file:///tmp/x', ...args], { from: 'user' })
      .opts();
  expect(planFromFlags(flags()).fingerprint).toBe(false);
  expect(planFromFlags(flags('--fingerprint')).fingerprint).toBe(true);
  expect(() => planFromFlags(flags('--fingerprint', '--rows', 'none'))).toThrow(/--fingerprint/);
});

test.each([
  [undefined, true],
  ['true', true],
  ['false', false],
])('PGPROOF_ROLE_PASSWORDS=%s', (variable, rolePasswords) => {
  const settings = readBackupSettings({ ...environment, PGPROOF_ROLE_PASSWORDS: variable });
  expect(planFromSettings(settings, {}).rolePasswords).toBe(rolePasswords);
});
