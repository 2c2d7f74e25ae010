import { expect, test } from 'vitest';
import * as z from 'zod';
import { notifyOptions } from '../../../../core/config/notify.ts';

const schema = z.strictObject(notifyOptions);
const smtp = { host: 'mail.example.com', from: 'db@example.com', to: ['ops@example.com'] };

const problemsOf = (value: unknown): string[] =>
  schema.safeParse(value).error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];

test('nothing said: failures only; mail by STARTTLS', () => {
  expect(schema.parse({})).toEqual({ on: 'failures' });
  expect(schema.parse({ smtp }).smtp).toEqual({ ...smtp, security: 'starttls', allowUnencrypted: false });
});

test.each(['localhost', '127.0.0.1', '127.1.2.3', '::1'])('in the clear to this machine, %s', (host) => {
  expect(problemsOf({ smtp: { ...smtp, host, security: 'none' } })).toEqual([]);
});

test.each(['mail.example.com', '127.evil.example', 'localhost.example.com', '10.0.0.1'])(
  'in the clear to %s only if asked for, and never with a password',
  (host) => {
    const clear = { ...smtp, host, security: 'none' };
    expect(problemsOf({ smtp: clear })).toEqual([expect.stringContaining('smtp.security: ')]);
    expect(problemsOf({ smtp: { ...clear, allowUnencrypted: true } })).toEqual([]);
    const password = { user: 'db', password: { env: 'SMTP_PASSWORD' } };
    expect(problemsOf({ smtp: { ...clear, allowUnencrypted: true, ...password } })).toEqual([
      expect.stringContaining('smtp.password: a password is never sent'),
    ]);
  },
);

test('a password as a text is refused, and not repeated', () => {
  const problems = problemsOf({ smtp: { ...smtp, user: 'db', password: 'hunter2-canary' } });
  expect(problems).toHaveLength(1);
  expect(problems.join()).not.toContain('canary');
});

test('user and password go together', () => {
  expect(problemsOf({ smtp: { ...smtp, user: 'db' } })).toEqual([
    'smtp.password: user and password go together',
  ]);
  expect(problemsOf({ smtp: { ...smtp, password: { env: 'P' } } })).toEqual([
    'smtp.user: user and password go together',
  ]);
});

test.each([
  'ops',
  'ops@',
  '@example.com',
  'Ops <ops@example.com>',
  'a@b.example, c@d.example',
  'ops@example.com\r\nBcc: all@example.com',
  'ops@example.com\nRCPT TO:<all@example.com>',
  'o ps@example.com',
  'ops@example.com>',
  'ops\0@example.com',
])('%j is no address', (address) => {
  expect(problemsOf({ smtp: { ...smtp, to: [address] } })).toEqual([expect.stringContaining('smtp.to.0: ')]);
  expect(problemsOf({ smtp: { ...smtp, from: address } })).toEqual([expect.stringContaining('smtp.from: ')]);
});

test.each(['ops@example.com', 'root@localhost', 'jürgen@bücher.example', "o'neil+db@example.com"])(
  '%s is one',
  (address) => {
    expect(problemsOf({ smtp: { ...smtp, to: [address] } })).toEqual([]);
  },
);
