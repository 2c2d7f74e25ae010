import { expect, test } from 'vitest';
import { listeningSockets } from '../../../../../core/postgres/server/reachable-sockets.ts';

test('sockets of PostgreSQL that something listens on, with and without a file', () => {
  const text = [
    'Num       RefCount Protocol Flags    Type St Inode Path',
    '00000000e95126aa: 00000002 00000000 00010000 0001 01 8668812 /var/run/postgresql/.s.PGSQL.5432',
    '0000000017340409: 00000002 00000000 00010000 0001 01  861505 /tmp/with a space/.s.PGSQL.6543',
    '00000000e95126ab: 00000002 00000000 00010000 0001 01 8668813 @abstract/.s.PGSQL.5433',
    '000000007a3dd3a1: 00000003 00000000 00000000 0001 03 8573203 /run/connected/.s.PGSQL.5432',
    '00000000dced8470: 00000003 00000000 00000000 0001 03 8572063',
    '00000000d8470dce: 00000002 00000000 00010000 0001 01 8572064 /run/other.sock',
    '00000000d8470dcf: 00000002 00000000 00010000 0001 01 8572065 /run/.s.PGSQL.5432.lock',
    '',
  ].join('\n');
  expect(listeningSockets(text)).toEqual([
    '/var/run/postgresql/.s.PGSQL.5432',
    '/tmp/with a space/.s.PGSQL.6543',
    '@abstract/.s.PGSQL.5433',
  ]);
});
