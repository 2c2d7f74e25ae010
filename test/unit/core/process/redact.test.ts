import fc from 'fast-check';
import { expect, test } from 'vitest';
import { redactor } from '../../../../core/process/redact.ts';

test('the secret goes, however it is written', () => {
  const secret = `ca'n "ar\\y/ä@`;
  const redact = redactor([secret, undefined, '']);
  const spellings = [
    secret,
    encodeURIComponent(secret),
    encodeURIComponent(secret).toLowerCase().replace('%c3%a4', '%c3%a4'),
    encodeURIComponent(secret).replaceAll('%20', '+'),
    JSON.stringify(secret).slice(1, -1),
    secret.replace(/[\\']/g, '\\$&'),
  ];
  for (const spelling of spellings) expect(redact(`before ${spelling} after`)).toBe('before *** after');
});

test('a secret that is a part of another does not leave the rest behind', () => {
  expect(redactor(['abc', 'abcdef'])('x abcdef abc')).toBe('x *** ***');
});

test.each([
  ['postgresql://me:pw@h/db', 'postgresql://me:***@h/db'],
  ['postgres://me:p@w/x@h/db rest', 'postgres://me:***@h/db rest'],
  ['https://me:pw@h/x', 'https://me:***@h/x'],
  ['postgresql://me@h:5432/db', 'postgresql://me@h:5432/db'],
  ["host=h password='a \\' b' user=u", 'host=h password=*** user=u'],
  ['host=h password=pw user=u', 'host=h password=*** user=u'],
  ['PGPASSWORD=pw psql', 'PGPASSWORD=*** psql'],
  ['postgresql://h/db?password=pw&sslmode=x', 'postgresql://h/db?password=***&sslmode=x'],
  ['{"password":"p\\"w","host":"h"}', '{"password":"***","host":"h"}'],
  [
    'h:5432/?Action=connect&X-Amz-Signature=abc&X-Amz-Security-Token=def',
    'h:5432/?Action=connect&X-Amz-Signature=***&X-Amz-Security-Token=***',
  ],
  ['password authentication failed for user "me"', 'password authentication failed for user "me"'],
])('%s', (text, expected) => {
  expect(redactor([])(text)).toBe(expected);
});

test('no secret is left where it stands alone, whatever it is', () => {
  const secret = fc.string({ unit: 'binary', minLength: 1 }).filter((one) => !/[*\sx:y]/.test(one));
  fc.assert(
    fc.property(secret, (hidden) => {
      for (const [before, behind] of [
        ['x ', ' y'],
        ['x="', '" y'],
        ["x='", "' y"],
        ['x:', '@y'],
        ['x=', ''],
      ])
        expect(redactor([hidden])(`${before}${hidden}${behind}`)).toBe(`${before}***${behind}`);
    }),
  );
});

test.each([
  ['lim', 'statement is limited, the limit was set'],
  ['post', 'the postmaster of PostgreSQL'],
  ['pg', 'pg_dump: error: pg17 and pgproof'],
  ['a', 'a table that was dropped at last'.replace(/^a |\ba\b/g, 'A ')],
  ['1', 'line 12, 21 rows, v17.11'],
  ['ö', 'Größe, schön'],
  ['.', 'Two sentences. And a file.txt.'],
  ['-', 'pg_dump --format=custom, point-in-time'],
  ['orders_2024', 'relation "orders_2024_archive"'],
])('the password %s eats no part of a word', (secret, text) => {
  expect(redactor([secret])(text)).toBe(text);
});

test.each(['Xk9#mQ2$vL7p', 'aB3-aB3-aB3-aB3'])('%s, which is no word, goes out of anything', (secret) => {
  expect(redactor([secret])(`head${secret}tail`)).toBe('head***tail');
});

test.each([
  '\\ncanary',
  '%2Fcanary',
  '%40canary%2F',
  '=canary&',
  '(canary)',
  ':canary@',
  "'canary'",
  '\ncanary\n',
])('what ends an escape does not hide one: %j', (text) => {
  expect(redactor(['canary'])(text)).not.toContain('canary');
});

test.each([
  `CREATE USER MAPPING FOR app SERVER s OPTIONS (password 'canary', "user" 'u')`,
  `CREATE USER MAPPING FOR app SERVER s OPTIONS ("user" 'u', "password" 'can''ary', fetch_size '5')`,
  `CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (api_key 'canary')`,
  `CREATE SERVER s FOREIGN DATA WRAPPER w OPTIONS (aws_secret_access_key E'canary')`,
  `    password 'canary'`,
  `CREATE SUBSCRIPTION s CONNECTION 'host=h password=canary dbname=d' PUBLICATION p`,
  `CREATE SUBSCRIPTION s CONNECTION 'host=h password=''can ary'' dbname=d' PUBLICATION p`,
  `ALTER ROLE app WITH LOGIN PASSWORD 'canary'`,
  `CREATE ROLE app PASSWORD 'SCRAM-SHA-256$4096:canary==$can=:ary='`,
  `role hash SCRAM-SHA-256$4096:canary==$canary=:canary=`,
  `host=h passphrase=canary`,
  `{"SecretString": "x", "dbPassword": "canary"}`,
])('a secret in SQL goes by its place: %s', (text) => {
  expect(redactor([])(text)).not.toMatch(/can|ary/);
});

test('a message of a parser keeps its words', () => {
  for (const text of [
    `Unexpected token '<', "<html>" is not valid JSON`,
    'password authentication failed for user "me"',
    'syntax error at or near "secret"',
    `column "password" of relation "users" does not exist`,
  ])
    expect(redactor([])(text)).toBe(text);
});
