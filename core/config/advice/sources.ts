import { tlsModes } from '../../vocabulary.ts';
import { type Advice, alternatives, databaseName, listOfDatabases, portNumber } from './recurring.ts';
import { ofSelection } from './selection.ts';

/** A server: how to reach it and what is taken of it. How to log in is another matter. */
export const ofSources: Readonly<Record<string, Advice>> = {
  sources: {
    expected: 'a list with at least one source',
    fix: 'Describe each PostgreSQL server as one source.',
  },
  'sources.*.name': {
    expected: '1 to 64 letters, digits, dots, hyphens and underscores, no dot first, and not status',
    fix: 'Choose a name for the server, such as orders-prod; its backups carry it, and status/ is the place of the status page.',
  },
  'sources.*.host': {
    expected: 'a host name',
    fix: 'Give it where the secret has no host (secrets that RDS manages), or for a replica.',
  },
  'sources.*.port': portNumber,
  'sources.*.maintenanceDatabase': databaseName,
  'sources.*.sslMode': {
    expected: alternatives(tlsModes),
    fix: 'Leave it out for the safe default.',
  },
  'sources.*.caFile': {
    expected: 'the path of a PEM file',
    fix: "Name the file with the authority of the server's certificate, or leave it out for one that AWS signed.",
  },
  'sources.*.databases': listOfDatabases,
  'sources.*.databases.*': databaseName,
  'sources.*.excludeDatabases': listOfDatabases,
  'sources.*.excludeDatabases.*': databaseName,
  'sources.*.lockWaitSeconds': {
    expected: 'a whole number from 1 to 900 (seconds)',
    fix: 'Leave it out for 60 seconds.',
  },
  'sources.*.stallSeconds': {
    expected: 'a whole number from 10 to 900 (seconds)',
    fix: 'Leave it out for 300 seconds.',
  },
  'sources.*.checks': {
    expected: 'a list with at least one check',
    fix: 'Add { "database": "app", "sql": "select count(*) > 1000 from orders" }, or leave the key out.',
  },
  'sources.*.checks.*': {
    expected: 'an object with sql or command, and name and database if you like',
    fix: 'Add { "database": "app", "sql": "select count(*) > 1000 from orders" }.',
  },
  'sources.*.checks.*.name': { expected: 'a text', fix: 'Choose a name, which alerts will mention.' },
  'sources.*.checks.*.database': databaseName,
  'sources.*.checks.*.command': {
    expected: 'a list with a program (an absolute path, or a name) and its arguments, and no sql beside it',
    fix: 'Give the program and each argument as a text of its own: no shell reads them.',
  },
  'sources.*.checks.*.command.*': {
    expected: 'a text; the first is an absolute path, or the name of a program of the system',
    fix: 'Give the program, then each argument.',
  },
  'sources.*.checks.*.timeoutSeconds': {
    expected: 'a whole number from 1 to 3600, with command only',
    fix: 'Leave it out for 300.',
  },
  'sources.*.checks.*.sql': {
    expected: 'SQL that returns one row with one column that is true, or a command instead',
    fix: 'Write, for example, select count(*) > 1000 from orders.',
  },
  'sources.*.globals': { expected: 'an object with rolePasswords', fix: 'Leave it out for the default.' },
  'sources.*.globals.rolePasswords': {
    expected: 'true or false',
    fix: "Set false to keep the hashes of the roles' passwords out of every backup; leave it out for true.",
  },
  'sources.*.fingerprint': { expected: 'true or false', fix: 'Leave it out for false.' },
  ...ofSelection('sources.*'),
};
