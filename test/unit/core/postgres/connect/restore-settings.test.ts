import { expect, test } from 'vitest';
import { optionsOf } from '../../../../../core/postgres/connect/restore-settings.ts';

test('whatever a value is, no other option begins in it', () => {
  const value = 'UTC\\ -c\tlocal_preload_libraries=evil\n-c x=1';
  expect(optionsOf([{ name: 'TimeZone', value }])).toBe(
    '-c TimeZone=UTC\\\\\\ -c\\\tlocal_preload_libraries=evil\\\n-c\\ x=1',
  );
});
