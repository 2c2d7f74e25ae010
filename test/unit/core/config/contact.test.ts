import { expect, test } from 'vitest';
import { checkContact } from '../../../../core/config/contact.ts';

test.each(['DBA on call, +49 30 1234', 'dba@example.com', 'https://wiki.example.com/oncall', '`x` <b>'])(
  '%j is a contact',
  (text) => {
    expect(checkContact(text)).toBe(text);
  },
);

test.each([
  ['  ', /says nothing/],
  ['two\nlines', /more than one line/],
  ['turned \u202e', /that nobody sees/],
  ['x'.repeat(201), /too long/],
  ['postgresql://me:hunter2@host/', /has a password/],
  ['see https://me:hunter2@wiki.example.com/', /has a password/],
  ['password=hunter2', /has a password/],
])('%j is none, and its password is not repeated', (text, message) => {
  expect(() => checkContact(text)).toThrow(message);
  expect(() => checkContact(text)).not.toThrow(/hunter2/);
});
