import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UsageError } from '../../../../../core/errors.ts';
import { parseConninfo, quoteConninfo } from '../../../../../core/postgres/libpq/conninfo.ts';

const name = fc.string({ unit: 'binary', minLength: 1 }).filter((text) => !text.includes('\0'));

describe('URLs', () => {
  test.each([
    ['postgresql://', {}],
    ['postgres://localhost', { host: 'localhost' }],
    ['postgresql://localhost:5433', { host: 'localhost', port: '5433' }],
    ['postgresql://localhost/mydb', { host: 'localhost', dbname: 'mydb' }],
    ['postgresql://user@localhost', { user: 'user', host: 'localhost' }],
    ['postgresql://user:secret@localhost', { user: 'user', password: 'secret', host: 'localhost' }],
    ['postgresql://user:a:b@localhost', { user: 'user', password: 'a:b', host: 'localhost' }],
    ['postgresql://:secret@localhost', { password: 'secret', host: 'localhost' }],
    ['postgresql://a,b:5433,[::1]:1/db', { host: 'a,b,::1', port: ',5433,1', dbname: 'db' }],
    ['postgresql://[2001:db8::1234]/db', { host: '2001:db8::1234', dbname: 'db' }],
    ['postgresql:///db?host=/tmp&port=1', { dbname: 'db', host: '/tmp', port: '1' }],
    ['postgresql://%2Fvar%2Frun%2Fpostgresql/db', { host: '/var/run/postgresql', dbname: 'db' }],
    ['postgresql://u%40x:p%2F%25@h/a%20b', { user: 'u@x', password: 'p/%', host: 'h', dbname: 'a b' }],
    ['postgresql://h?ssl=true', { host: 'h', sslmode: 'require' }],
    ['postgresql://h/db?', { host: 'h', dbname: 'db' }],
    [
      'postgresql://h?connect_timeout=3&sslmode=verify-full',
      { host: 'h', connect_timeout: '3', sslmode: 'verify-full' },
    ],
    ['postgresql://h/?user=x&dbname=', { host: 'h', user: 'x', dbname: '' }],
    ['postgresql://u@:5433/d', { user: 'u', port: '5433', dbname: 'd' }],
    ['postgresql://h/a+b', { host: 'h', dbname: 'a+b' }],
  ])('%s', (text, expected) => {
    expect(parseConninfo(text)).toEqual(expected);
  });

  test.each([
    'postgresql://u:canary@[::1/db',
    'postgresql://u:canary@[]/db',
    'postgresql://u:canary@[::1]x/db',
    'postgresql://u:can@ary@h/db',
    'postgresql://u:123/canary@h/db',
    'postgresql://u:p@ss/canary@h/db',
    'postgresql://u:p@ss:canary@h/db',
    'postgresql://u:p@ss?canary@h/db',
    'postgresql://u:p@ss?canary=x@h/db',
    'postgresql://u:p@ss?user=canary@h/db',
    'postgresql://u:p@ss#canary@h/db',
    'postgresql://u:p@ss,canary@h/db',
    'postgresql://u:12/3?canary@h/db',
    'postgresql://h/db@canary',
    'postgresql://h/db?user=me@canary',
    'host=h password=my canary',
    'host=h password=my canary=x',
    'postgresql://u:canary%zz@h/db',
    'postgresql://u:canary%00@h/db',
    'postgresql://u:canary%ff@h/db',
    'postgresql://h/db?password',
    'postgresql://h/db?password=canary=x',
    'postgresql://h/db?pass-canary=x',
    'postgresql://h/db?sslmodus=x',
    'mysql://u:canary@h/db',
    'u:canary@h/db',
    'localhost:5432',
    'host=h pass canary',
    "password='canary",
    'sslmodus=x password=canary',
    'host=h password=canary my-canary=1',
  ])('%s is refused, without repeating the secret', (text) => {
    let thrown: unknown;
    try {
      parseConninfo(text);
    } catch (error: unknown) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(UsageError);
    expect(String(thrown)).not.toContain('ary');
  });

  test.each([
    ['db.example.com', 'postgresql://db.example.com'],
    ['db.example.com/app', 'postgresql://db.example.com/app'],
    ['localhost', 'postgresql://localhost'],
    ['localhost:5433/app', 'postgresql://localhost:5433/app'],
    ['db:5432', 'postgresql://db:5432'],
    ['10.0.0.5', 'postgresql://10.0.0.5'],
    ['::1', 'postgresql://[::1]'],
    ['[::1]:5432/app', 'postgresql://[::1]:5432/app'],
    ['a.example.com,b.example.com:5433', 'postgresql://a.example.com,b.example.com:5433'],
    ['/run/postgresql', 'host=/run/postgresql'],
  ])('%s is no name of a database: %s is asked back', (text, meant) => {
    expect(() => parseConninfo(text)).toThrow(UsageError);
    expect(() => parseConninfo(text)).toThrow(
      `Did you mean ${meant.startsWith('host=') ? 'the socket' : meant}`,
    );
    expect(() => parseConninfo(text)).toThrow(meant);
    expect(parseConninfo(`dbname='${text}'`)).toEqual({ dbname: text });
  });

  test.each(['app', 'v1.2', 'app-2024.01', 'a..b', 'host', 'my app'])('%s is a database', (text) => {
    expect(parseConninfo(text)).toEqual({ dbname: text });
  });

  test.each([
    'me:1234',
    'me:canary',
    'me@canary',
    'canary/app',
    'db.example.com:canary',
    'h/d?password=canary',
  ])('nothing of %s is repeated', (text) => {
    expect(() => parseConninfo(text)).toThrow(UsageError);
    expect(() => parseConninfo(text)).toThrow(/^(?!.*(canary|1234)).*$/s);
  });

  test('whatever the names, an encoded URL gives them back', () => {
    fc.assert(
      fc.property(name, name, name, (user, password, dbname) => {
        const encoded = [user, password, dbname].map((text) => encodeURIComponent(text.toWellFormed()));
        const found = parseConninfo(`postgresql://${encoded[0]}:${encoded[1]}@h/${encoded[2]}`);
        expect(found).toEqual({
          user: user.toWellFormed(),
          password: password.toWellFormed(),
          host: 'h',
          dbname: dbname.toWellFormed(),
        });
      }),
    );
  });
});

describe('pairs', () => {
  test.each([
    ['host=h dbname=x', { host: 'h', dbname: 'x' }],
    ['  host = h\tport\n=\n5433 ', { host: 'h', port: '5433' }],
    ["dbname='a b' user=''", { dbname: 'a b', user: '' }],
    [String.raw`password='it\'s \\ fine'`, { password: String.raw`it's \ fine` }],
    [String.raw`password=a\ b\\c`, { password: String.raw`a b\c` }],
    ["dbname=it's", { dbname: "it's" }],
    ["host='a'user=b", { host: 'a', user: 'b' }],
    ['host= dbname=x', { host: 'dbname=x' }],
    ['host=a host=b', { host: 'b' }],
    ['app', { dbname: 'app' }],
    ['', {}],
  ])('%s', (text, expected) => {
    expect(parseConninfo(text)).toEqual(expected);
  });
});

describe('quoteConninfo', () => {
  test.each([
    ['host=evil dbname=x', "dbname='host=evil dbname=x'"],
    ['-Fp', "dbname='-Fp'"],
    ["it's \\ here", String.raw`dbname='it\'s \\ here'`],
    ['a\nb', "dbname='a\nb'"],
    ['postgresql://evil/x', "dbname='postgresql://evil/x'"],
  ])('%j', (database, expected) => {
    expect(quoteConninfo(database)).toBe(expected);
  });

  test('whatever the name, it is read back as the name and nothing else', () => {
    fc.assert(
      fc.property(name, (database) => {
        expect(parseConninfo(quoteConninfo(database))).toEqual({ dbname: database });
      }),
    );
  });
});
