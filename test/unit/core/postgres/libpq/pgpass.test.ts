import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findPassword, passwordFileProblem } from '../../../../../core/postgres/libpq/pgpass.ts';

const wanted = { host: 'db', port: 5432, database: 'app', user: 'me' };

describe('findPassword', () => {
  test.each([
    ['db:5432:app:me:secret', 'secret'],
    ['*:*:*:*:secret', 'secret'],
    ['db:5433:app:me:no\ndb:*:app:me:yes', 'yes'],
    ['*:*:*:me:first\ndb:5432:app:me:second', 'first'],
    ['#db:5432:app:me:no\r\ndb:5432:app:me:yes\r\n', 'yes'],
    [String.raw`db:5432:app:me:a\:b\\c`, String.raw`a:b\c`],
    ['db:5432:app:me:secret:more', 'secret'],
    ['db:5432:app:me:trailing\\', 'trailing\\'],
    [String.raw`\db:5432:app:me:secret`, 'secret'],
    [String.raw`\*:5432:app:me:secret`, undefined],
    ['db*:5432:app:me:secret', undefined],
    ['db:5432:app:secret', undefined],
    ['db:5432:app:me:', undefined],
    ['DB:5432:app:me:secret', undefined],
    [' db:5432:app:me:secret', undefined],
    ['', undefined],
  ])('%j', (text, expected) => {
    expect(findPassword(text, wanted)).toBe(expected);
  });

  test('the usual socket directories are localhost, others their own path', () => {
    for (const host of ['/tmp', '/var/run/postgresql']) {
      expect(findPassword('localhost:*:*:*:secret', { ...wanted, host })).toBe('secret');
    }
    expect(findPassword('localhost:*:*:*:secret', { ...wanted, host: '/srv/pg' })).toBeUndefined();
    expect(findPassword('/srv/pg:*:*:*:secret', { ...wanted, host: '/srv/pg' })).toBe('secret');
  });

  test('whatever the names, an escaped line is found', () => {
    const text = fc.string({ unit: 'binary', minLength: 1 }).filter((one) => !/[\r\n]/.test(one));
    const escaped = (one: string): string =>
      one.replace(/[:\\]/g, '\\$&').replace(/^\*$/, '\\*').replace(/^#/, '\\#');
    fc.assert(
      fc.property(text, text, text, text, (host, database, user, password) => {
        const line = [host, '5432', database, user, password].map(escaped).join(':');
        expect(findPassword(line, { host, port: 5432, database, user })).toBe(password);
      }),
    );
  });
});

test('a password file is read only if nobody else can, and if it is a file', () => {
  expect(passwordFileProblem('/p', 0o100600, true)).toBeUndefined();
  expect(passwordFileProblem('/p', 0o100400, true)).toBeUndefined();
  expect(passwordFileProblem('/p', 0o100640, true)).toContain('chmod 600');
  expect(passwordFileProblem('/p', 0o100604, true)).toContain('/p');
  expect(passwordFileProblem('/p', 0o020600, false)).toContain('not a plain file');
});
