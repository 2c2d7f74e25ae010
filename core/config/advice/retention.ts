import { mostKept } from '../../retention/keep.ts';
import { policyDefaults } from '../../retention/policy.ts';
import { countingRules } from '../../retention/shapes.ts';
import { pruneSchedule } from '../daily.ts';
import type { Advice } from './recurring.ts';

const count: Advice = {
  expected: `a whole number up to ${mostKept}, or "all"`,
  fix: 'Leave the rule out where it is to keep nothing: what one rule keeps no other takes away.',
};

/** Which backups are kept, at a path of the configuration. */
export function ofPolicy(path: string): Record<string, Advice> {
  return {
    [path]: {
      expected: 'an object with keep',
      fix: 'Write { "keep": { "daily": 7, "weekly": 4, "monthly": 12 } }, or leave it out: nothing is deleted then.',
    },
    [`${path}.keep`]: {
      expected: `at least one rule above 0: ${countingRules.join(', ')} or within`,
      fix: `Write { "daily": 7, "weekly": 4, "monthly": 12 }; to delete nothing, leave prune out.`,
    },
    ...Object.fromEntries(countingRules.map((rule) => [`${path}.keep.${rule}`, count])),
    [`${path}.keep.within`]: {
      expected: 'numbers with a unit each: y, m (months), w, d, h, such as 30d or 1y6m',
      fix: 'Write 30d to keep everything of the 30 days before the newest backup.',
    },
    [`${path}.min`]: {
      expected: `a whole number from 1 to ${mostKept}`,
      fix: `Leave it out for ${policyDefaults.min}: so many good backups of a database stay whatever the rules say.`,
    },
    [`${path}.cliff`]: {
      expected: 'a number from 0 to 1',
      fix: `Leave it out for ${policyDefaults.cliff}: a backup with less than half of the rows or bytes pins the one before it.`,
    },
    [`${path}.verified`]: {
      expected: 'true or false',
      fix: 'Leave it out for true: a backup counts as good once it was verified. False is for where nothing is ever verified.',
    },
    [`${path}.timeZone`]: {
      expected: 'a name of the tz database',
      fix: 'Leave it out for the zone of the schedules, which is UTC where they have several.',
    },
  };
}

/** The same in cdk.json, and when. */
export const ofRetention: Readonly<Record<string, Advice>> = {
  ...ofPolicy('prune'),
  'prune.schedule': {
    expected: 'cron(minutes hours * * ? *): on every day, after the backups of the night',
    fix: `Leave it out for ${pruneSchedule}, in prune.timeZone.`,
  },
};
