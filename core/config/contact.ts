import { UsageError } from '../errors.ts';
import { visible } from '../text/visible.ts';
import { checkedBy } from './checked-by.ts';
import { someText } from './options.ts';
import { passwordPlace } from './secret-in-url.ts';

const mostCharacters = 200;

const expected = `one line of at most ${mostCharacters} characters, such as "DBA on call, +49 30 1234, dba@example.com"`;

/**
 * Who is to be asked when a database is lost. It stands in RECOVERY.md, for whoever may read the store.
 *
 * @throws UsageError
 */
export function checkContact(text: string): string {
  const problem = (what: string, got: string, fix: string): UsageError =>
    new UsageError({ what, got, expected, fix });
  if (text.trim() === '') throw problem('The contact says nothing', JSON.stringify(text), 'Leave it out.');
  if (text.length > mostCharacters)
    throw problem('The contact is too long', `${text.length} characters`, 'Name a page that says more.');
  if (visible(text) !== text)
    throw problem(
      'The contact has more than one line, or characters that nobody sees',
      visible(text),
      'Write it in one line.',
    );
  // Not repeated: whoever may read the store would read it, and whoever reads this.
  if (passwordPlace(text) !== undefined || /:\/\/[^/\s]*:[^/\s]*@/.test(text))
    throw problem(
      'The contact has a password in it',
      'a URL or a connection string with one',
      'Take the password out: everybody who may read the store reads the contact.',
    );
  return text;
}

export const contactText = checkedBy(checkContact, someText);
