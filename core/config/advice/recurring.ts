import { most } from '../options.ts';

/** What would be right at a path of the configuration, and what to do. */
export type Advice = { readonly expected: string; readonly fix: string };

export const arnOfKey = {
  expected: 'the ARN of a KMS key, arn:aws:kms:REGION:ACCOUNT:key/ID',
  fix: 'Copy the ARN of the key itself; an alias will not do.',
};
export const listOfDatabases = {
  expected: 'a list with at least one database name',
  fix: 'Name databases as the server does, or leave the key out to take all of them.',
};
export const databaseName = {
  expected: 'the name of a database, a text',
  fix: 'Write the name as the server does, in quotes where it looks like a number or like nothing.',
};
export const portNumber = {
  expected: `a whole number from 1 to ${most.port}`,
  fix: "Give the server's port.",
};
export const memory = {
  expected: 'a whole number from 256 to 10240 (MiB)',
  fix: 'Lambda gives processor time in proportion to memory; 2048 is a good start.',
};
export const storage = {
  expected: 'a whole number from 512 to 10240 (MiB)',
  fix: 'Only the directory format needs more than 512: room for the archive of the largest database.',
};
export const timeout = {
  expected: 'a whole number from 1 to 15 (minutes)',
  fix: 'Lambda ends a function after 15 minutes; back up larger databases with the pgproof command.',
};

/** `custom, plain or tar` */
export function alternatives(words: readonly (string | number)[]): string {
  return words.join(', ').replace(/, ([^,]*)$/, ' or $1');
}

/** Whom RECOVERY.md says to ask. */
export const contactAdvice: Advice = {
  expected: 'one line of at most 200 characters, without a password',
  fix: 'Write who is to be asked when a database is lost, such as "DBA on call, dba@example.com"; whoever may read the store reads it.',
};
