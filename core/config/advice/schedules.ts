import { compressionMethods, formats, rowModes } from '../../vocabulary.ts';
import { planDefaults } from '../defaults.ts';
import { most } from '../options.ts';
import { type Advice, alternatives, databaseName, listOfDatabases } from './recurring.ts';
import { ofSelection } from './selection.ts';

/** When a server is backed up, and how. */
export const ofSchedules: Readonly<Record<string, Advice>> = {
  'sources.*.schedules': {
    expected: 'a list with at least one schedule',
    fix: 'Add { "name": "nightly", "cron": "cron(0 2 * * ? *)" }.',
  },
  'sources.*.schedules.*': {
    expected: 'an object with name and cron',
    fix: 'Add { "name": "nightly", "cron": "cron(0 2 * * ? *)" }.',
  },
  'sources.*.schedules.*.name': {
    expected: '1 to 64 letters, digits, dots, hyphens and underscores',
    fix: 'Choose a name, such as nightly.',
  },
  'sources.*.schedules.*.cron': {
    expected:
      'five fields as in crontab(5), or cron(minutes hours day-of-month month day-of-week year) with one of the days ?',
    fix: 'Write 0 2 * * * for two o’clock every night.',
  },
  'sources.*.schedules.*.timeZone': {
    expected: 'a name of the tz database',
    fix: 'Write UTC, Europe/Berlin, America/New_York, …',
  },
  'sources.*.schedules.*.databases': listOfDatabases,
  'sources.*.schedules.*.databases.*': databaseName,
  'sources.*.schedules.*.excludeDatabases': listOfDatabases,
  'sources.*.schedules.*.excludeDatabases.*': databaseName,
  'sources.*.schedules.*.format': {
    expected: alternatives(formats),
    fix: `Leave it out for ${planDefaults.format}, which suits most.`,
  },
  'sources.*.schedules.*.compress': {
    expected: `${alternatives(compressionMethods)}, and a level if you like, such as zstd:1`,
    fix: 'Leave it out: the default is the fastest one that the server’s pg_dump has.',
  },
  'sources.*.schedules.*.jobs': {
    expected: `a whole number from 1 to ${most.jobs}`,
    fix: 'Give as many as the function has processors (one per 1769 MiB of memory).',
  },
  'sources.*.schedules.*.parallel': {
    expected: `a whole number from 1 to ${most.parallel}`,
    fix: 'Leave it out to take one database after another.',
  },
  'sources.*.schedules.*.rows': {
    expected: alternatives(rowModes),
    fix: `Leave it out for ${planDefaults.rows}.`,
  },
  ...ofSelection('sources.*.schedules.*'),
};
