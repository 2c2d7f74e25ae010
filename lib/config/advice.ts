import { ofFunctions } from './advice/functions.ts';
import type { Advice } from './advice/recurring.ts';
import { ofResources } from './advice/resources.ts';
import { ofRetention } from './advice/retention.ts';
import { ofSchedules } from './advice/schedules.ts';
import { ofSources } from './advice/sources.ts';

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
  ...ofSources,
  ...ofSchedules,
  ...ofResources,
  ...ofFunctions,
  ...ofRetention,
};

/** The keys that an object at `pattern` may have. */
export function knownKeys(pattern: string): string[] {
  const prefix = pattern === '' ? '' : `${pattern}.`;
  return Object.keys(advice)
    .filter((path) => path.startsWith(prefix))
    .map((path) => path.slice(prefix.length))
    .filter((rest) => rest !== '' && rest !== '*' && !rest.includes('.'));
}
