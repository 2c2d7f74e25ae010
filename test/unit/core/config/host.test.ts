import { expect, test } from 'vitest';
import { isHost } from '../../../../core/config/host.ts';

test.each([
  'localhost',
  'db-1.internal',
  'db_1.example.com.',
  'münchen.example',
  '10.0.0.5',
  '::1',
  '2001:db8::1234',
  '::ffff:10.0.0.5',
  'fe80::1%eth0',
  '/var/run/postgresql',
  '/tmp/a b',
])('%s is a host', (text) => {
  expect(isHost(text)).toBe(true);
});

test.each([
  '',
  'p@ss',
  'ss/word',
  'a:5432',
  'host:secret',
  'with blank',
  'a?b',
  'a#b',
  'a%41b',
  'a=b',
  '"quoted"',
  'postgresql://me:secret@host/db',
  '/ss@host/db',
  '-x',
  '.hidden',
  'a\nb',
  'x'.repeat(254),
])('%j is none', (text) => {
  expect(isHost(text)).toBe(false);
});
