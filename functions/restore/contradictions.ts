import { BadSettings } from '../lambda/settings.ts';
import type { RestoreEvent } from './contract.ts';

type Key = keyof RestoreEvent;

/** What cannot be meant together: any of the one side with any of the other. */
type Rule = { readonly given: readonly Key[]; readonly against: readonly Key[]; readonly why: string };

const newDatabase = ['create', 'replaceIncomplete'] as const;

/** What says how a database is restored. */
const ofDatabase = [
  ...newDatabase,
  'jobs',
  'tables',
  'schemas',
  'excludeTables',
  'excludeSchemas',
  'schemaOnly',
  'dataOnly',
  'noOwner',
  'noPrivileges',
  'keepGoing',
  'intoNonEmpty',
  'intoSchema',
  'renameExisting',
] as const;

const rules: readonly Rule[] = [
  {
    given: ['globalsOnly'],
    against: ofDatabase,
    why: 'then roles are made and nothing else is restored',
  },
  { given: newDatabase, against: ['intoNonEmpty'], why: 'a database that is made anew is empty' },
  {
    given: newDatabase,
    against: ['intoSchema', 'renameExisting'],
    why: 'in a database that is made anew there are no living tables',
  },
  {
    given: ['dataOnly'],
    against: newDatabase,
    why: 'in a database that is made anew there are no tables for the rows',
  },
  {
    given: ['dataOnly'],
    against: ['schemaOnly', 'intoSchema', 'renameExisting'],
    why: 'the one is about rows only, the other about the tables themselves',
  },
  {
    given: ['intoSchema'],
    against: ['renameExisting'],
    why: 'beside the living tables nothing is in the way',
  },
  {
    given: ['renameExisting'],
    against: ['keepGoing'],
    why: 'either the tables are restored whole, or those of before get their names back',
  },
];

/**
 * Refuses an event that says two things of which one would be ignored, or that cannot both be meant.
 * @throws BadSettings
 */
export function refuseContradictions(event: RestoreEvent): void {
  const said = (key: Key): boolean => event[key] !== undefined && event[key] !== false;
  for (const { given, against, why } of rules) {
    const [one, other] = [given.find(said), against.find(said)];
    if (one === undefined || other === undefined) continue;
    throw new BadSettings({
      what: `${one} and ${other} contradict each other`,
      got: why,
      fix: 'Leave one of the two out of the event.',
    });
  }
  if (said('allowSuperusers') && !said('applyGlobals') && !said('globalsOnly'))
    throw new BadSettings({
      what: 'allowSuperusers says nothing alone',
      got: 'it says which roles may be made',
      expected: 'applyGlobals or globalsOnly',
      fix: 'Add it, or leave allowSuperusers out.',
    });
}
