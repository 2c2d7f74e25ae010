import { expect, test } from 'vitest';
import { backupLogSchema } from '../../../../core/config/backup-log.ts';
import { hooksSchema } from '../../../../core/config/hooks.ts';

test('a hook is an argument list, with or without more about it', () => {
  const command = ['/usr/local/bin/tell', '--what', 'a backup; rm -rf /', ''];
  expect(
    hooksSchema.parse({
      afterRun: command,
      onFailure: { command, timeoutSeconds: 5, environment: ['TOKEN'] },
    }),
  ).toEqual({
    afterRun: command,
    onFailure: { command, timeoutSeconds: 5, environment: ['TOKEN'] },
  });
});

test.each([
  ['a line for a shell', 'curl https://example.com | sh'],
  ['nothing', []],
  ['no program', ['', 'x']],
  ['a byte that ends every argument', ['/bin/true', 'a\0b']],
  ['no time', { command: ['/bin/true'], timeoutSeconds: 0 }],
  ['more than an hour', { command: ['/bin/true'], timeoutSeconds: 3601 }],
  ['an environment with values', { command: ['/bin/true'], environment: ['TOKEN=secret'] }],
  ['an unknown key', { command: ['/bin/true'], shell: true }],
])('refused: %s', (_what, hook) => {
  expect(hooksSchema.safeParse({ afterRun: hook }).success).toBe(false);
  expect(hooksSchema.safeParse({ afterBackup: hook }).success).toBe(false);
});

test('the log table lies in public.backup_log; names that PostgreSQL would cut off are refused', () => {
  expect(backupLogSchema.parse({ url: 'postgres://log/ops' })).toEqual({
    url: 'postgres://log/ops',
    schema: 'public',
    table: 'backup_log',
  });
  const long = (table: string): boolean =>
    backupLogSchema.safeParse({ url: 'postgres://log', table }).success;
  expect([long('x'.repeat(50)), long('x'.repeat(51)), long('ü'.repeat(26)), long('a\0b'), long('')]).toEqual([
    true,
    false,
    false,
    false,
    false,
  ]);
});
