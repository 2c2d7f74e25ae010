import { type Advice, contactAdvice } from '../../core/config/advice/recurring.ts';
import { ofRetention } from '../../core/config/advice/retention.ts';
import { ofSchedules } from '../../core/config/advice/schedules.ts';
import { ofSources } from '../../core/config/advice/sources.ts';
import { ofBackupLog } from './advice/backup-log.ts';
import { ofCopies } from './advice/copies.ts';
import { ofFunctions } from './advice/functions.ts';
import { ofLogins } from './advice/logins.ts';
import { ofResources } from './advice/resources.ts';

/**
 * One entry for every key there is, by its path; indices of arrays are written `*`. A test compares them with the schema
 * and with docs/configuration.md.
 */
export const advice: Readonly<Record<string, Advice>> = {
  '': {
    expected: 'an object with sources',
    fix: 'Take the pgproof object of the repository’s cdk.json as a start.',
  },
  stackName: {
    expected: '1 to 100 letters, digits and hyphens, a letter first',
    fix: 'Leave it out for pgproof; a second deployment in one account and region needs another name.',
  },
  contact: contactAdvice,
  ...ofSources,
  ...ofLogins,
  ...ofSchedules,
  ...ofResources,
  ...ofFunctions,
  ...ofRetention,
  ...ofCopies,
  ...ofBackupLog,
};
