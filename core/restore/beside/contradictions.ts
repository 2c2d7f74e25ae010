import { UsageError } from '../../errors.ts';
import type { Manifest } from '../../manifest/manifest.ts';
import { byteCount } from '../../text/units.ts';
import type { RestoreRequest } from '../request.ts';

/** A name has 63 bytes at the most; the server would cut off the rest, and another schema would be meant. */
const nameBytes = 63;

/**
 * Refuses what cannot be meant by `intoSchema` and `renameExisting`, of a call alone.
 * @throws UsageError
 */
export function refuseContradictions(request: RestoreRequest, manifest: Manifest): void {
  const { intoSchema, renameExisting = false, create, keepGoing = false, selection } = request;
  if (intoSchema === undefined && !renameExisting) return;
  const asked = intoSchema === undefined ? '--rename-existing' : '--into-schema';
  const against = (other: string, why: string): never => {
    throw new UsageError({
      what: `${asked} and ${other} contradict each other`,
      got: why,
      fix: 'Leave one of the two out.',
    });
  };
  if (intoSchema !== undefined && renameExisting)
    against('--rename-existing', 'beside the living tables nothing is in the way');
  if (create) against('--create', 'in a database that is made anew there are no living tables');
  if (selection.part === 'data') against('--data-only', 'the tables themselves are restored');
  if (renameExisting && keepGoing)
    against('--keep-going', 'either the tables are restored whole, or those of before get their names back');
  if (renameExisting && (selection.tables.length === 0 || selection.schemas.length > 0)) {
    throw new UsageError({
      what: '--rename-existing makes way for tables that are named, not for a whole schema',
      got: selection.schemas.length > 0 ? '--schema' : 'no --table',
      fix: 'Name the tables with --table. For a schema rename it yourself (ALTER SCHEMA … RENAME TO …), and restore it with --schema and --into-non-empty.',
    });
  }
  if (manifest.dump.format === 'plain') {
    throw new UsageError({
      what: `${asked} needs an archive from which can be chosen, and this backup is plain SQL`,
      got: manifest.id,
      fix: 'Restore all of it into a new database (--create), and take from there what you need.',
    });
  }
  if (intoSchema !== undefined) refuseSchemaName(intoSchema, manifest);
}

function refuseSchemaName(name: string, { tables }: Manifest): void {
  const bytes = Buffer.byteLength(name);
  const refuse = (expected: string): never => {
    throw new UsageError({
      what: '--into-schema cannot be this',
      got: JSON.stringify(name),
      expected,
      fix: 'Choose another name, such as restored_20261126.',
    });
  };
  if (bytes === 0 || bytes > nameBytes || name.includes('\0'))
    refuse(`a name of 1 to ${byteCount(nameBytes)}`);
  if (/^pg_/i.test(name) || name === 'information_schema') refuse("a name that is not the system's");
  if (name === 'public' || tables.some(({ schema }) => schema === name))
    refuse('a new schema: of that name there is one in the backup, whose objects could not be told apart');
}
