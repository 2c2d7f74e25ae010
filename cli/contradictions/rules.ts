import { anId, directory, flag, set, type Term, valued } from './terms.ts';

/** Of what cannot be meant together. A rule holds in every command that has both sides. */
export type Rule = {
  readonly given: readonly Term[];
  /** None of these beside it. */
  readonly against?: readonly Term[];
  /** At least one of these beside it. */
  readonly needs?: readonly Term[];
  /** Only in this command, where a flag of that name is something else in others. */
  readonly only?: string;
  readonly why: string;
};

const ofSome = [
  flag('--table', 'a'),
  flag('--schema', 'a'),
  flag('--exclude-table', 'b'),
  flag('--exclude-schema', 'b'),
];

/** What says how a database is restored. */
const ofDatabase = [
  ...ofSome,
  flag('--create'),
  flag('--replace-incomplete'),
  flag('--schema-only'),
  flag('--data-only'),
  flag('--no-owner'),
  flag('--no-privileges'),
  flag('--into-non-empty'),
  flag('--into-schema', 'new'),
  flag('--rename-existing'),
  flag('--keep-going'),
  flag('--jobs', '2'),
  flag('--scratch', '/nonexistent/scratch'),
  flag('--thaw'),
];

const newDatabase = [flag('--create'), flag('--replace-incomplete')];
const noRestore = ['none', 'checksum', 'read'];

/** Of `backup` the level is in --verify, of `verify` in --level. */
const restoresNothing = [valued('--level', ...noRestore.slice(1)), valued('--verify', ...noRestore)];

export const rules: readonly Rule[] = [
  {
    given: [flag('--database', 'a')],
    against: [flag('--exclude-database', 'b')],
    why: 'the databases that are named are all that is backed up',
  },
  {
    given: [flag('--restore-timeout', '600'), flag('--allow-uncontained')],
    against: restoresNothing,
    why: 'at that level nothing is restored',
  },
  {
    given: [flag('--any'), flag('--partial'), flag('--cluster', '7')],
    against: [anId],
    why: 'it says which backup latest is',
  },
  {
    given: [flag('--thaw-days', '2')],
    needs: [flag('--thaw')],
    why: 'it says how long what was thawed stays',
  },
  {
    given: [flag('--thaw')],
    against: [flag('--as-of', '2d')],
    why: 'what is thawed is what lies in the store now',
  },
  {
    given: [flag('--log', 'postgresql://u@nowhere.invalid/d')],
    against: [flag('--as-of', '2d')],
    why: 'a verdict about the past is not logged',
  },
  {
    given: [flag('--log-schema', 'a'), flag('--log-table', 'a')],
    needs: [set('--log', 'postgresql://u@nowhere.invalid/d')],
    why: 'it says where in that database the log is',
  },
  {
    given: [flag('--min', '2'), flag('--time-zone', 'Europe/Berlin'), flag('--no-verified')],
    needs: [flag('--keep', 'daily=7')],
    why: 'it goes with the rules of what to keep',
  },
  {
    given: [flag('--endpoint', 'http://nowhere.invalid'), flag('--path-style'), flag('--profile', 'a')],
    against: [directory('--store')],
    why: 'it is about a bucket',
  },
  {
    given: [flag('--kms-key', 'a'), flag('--storage-class', 'STANDARD_IA'), flag('--part-limit', '100')],
    against: [directory('--store')],
    why: 'it is about a bucket',
  },
  {
    given: [
      flag('--to-endpoint', 'http://nowhere.invalid'),
      flag('--to-region', 'eu-west-1'),
      flag('--to-profile', 'a'),
      flag('--to-path-style'),
      flag('--to-storage-class', 'STANDARD_IA'),
      flag('--to-kms-key', 'a'),
      flag('--to-part-limit', '100'),
    ],
    against: [directory('--to')],
    why: 'it is about a bucket',
  },
  {
    given: [flag('--globals-only')],
    against: [...ofDatabase, valued('--globals', 'print', 'skip')],
    why: 'then roles are made and nothing else is restored',
  },
  {
    given: [valued('--globals', 'print')],
    against: [
      ...ofDatabase,
      flag('--to', 'postgresql://u@nowhere.invalid/d'),
      flag('--allow-superusers'),
      flag('--dry-run'),
      flag('--json'),
    ],
    why: 'then SQL is printed, and nothing is made or restored',
  },
  {
    given: [flag('--allow-superusers')],
    needs: [valued('--globals', 'apply'), flag('--globals-only')],
    why: 'it says which roles may be made',
  },
  {
    given: newDatabase,
    against: [flag('--into-non-empty')],
    why: 'a database that is made anew is empty',
  },
  {
    given: newDatabase,
    against: [flag('--into-schema', 'new'), flag('--rename-existing')],
    why: 'in a database that is made anew there are no living tables',
  },
  {
    given: [flag('--data-only')],
    against: newDatabase,
    why: 'in a database that is made anew there are no tables for the rows',
  },
  {
    given: [flag('--data-only')],
    against: [flag('--schema-only'), flag('--into-schema', 'new'), flag('--rename-existing')],
    why: 'the one is about rows only, the other about the tables themselves',
  },
  {
    given: [flag('--into-schema', 'new')],
    against: [flag('--rename-existing')],
    why: 'beside the living tables nothing is in the way',
  },
  {
    given: [flag('--rename-existing')],
    against: [flag('--keep-going')],
    why: 'either the tables are restored whole, or those of before get their names back',
  },
  {
    only: 'restore',
    given: [flag('--dry-run')],
    against: [flag('--thaw')],
    why: 'a rehearsal changes nothing, and thawing costs money',
  },
  {
    only: 'copy',
    given: [
      flag('--all-missing'),
      flag('--name', 'a'),
      flag('--database', 'a'),
      flag('--keep', 'daily=7'),
      flag('--dry-run'),
    ],
    against: [{ ...anId, said: ({ args: [first] }) => (first === undefined ? undefined : 'one backup') }],
    why: 'it is about several backups',
  },
  {
    only: 'copy',
    given: [flag('--all-missing')],
    against: [flag('--failed-too'), flag('--any'), flag('--partial'), flag('--cluster', '7')],
    why: 'it goes with one backup',
  },
];
