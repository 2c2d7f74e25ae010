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

test('no secret is left, whatever it is and whatever it stands in', () => {
  const text = fc.string({ unit: 'binary' });
  const secret = fc.string({ unit: 'binary', minLength: 4 }).filter((one) => !one.includes('*'));
  fc.assert(
    fc.property(text, secret, text, (before, hidden, after) => {
      expect(redactor([hidden])(before + hidden + after)).not.toContain(hidden);
    }),
  );
});
