import type { PostgresBackup } from './postgres-backup.ts';
import type { Place } from './rights.ts';

/**
 * What is done to the backups of several sources by one function.
 * @param work what it is called in the error: 'BackupRetention'
 * @throws where there is none, or they are not all in one place. @returns the first of them
 */
export function onePlace(backups: readonly PostgresBackup[], work: string, todo: string): PostgresBackup {
  const [first, ...others] = backups;
  if (first === undefined)
    throw new Error(
      `There is nothing to ${todo}: got no backups (expected at least one). Add a PostgresBackup to backups.`,
    );
  const elsewhere = others.find(({ storeUrl }) => storeUrl !== first.storeUrl);
  if (elsewhere === undefined) return first;
  throw new Error(
    `One ${work} is about one place: got ${first.sourceName} and ${elsewhere.sourceName} (expected the same bucket and prefix). Make one for each place.`,
  );
}

/** The part of the bucket with all of them: `*` stands where a source's name does, and no other source is within reach. */
export function placeOf(backups: readonly PostgresBackup[], { place, sourceName }: PostgresBackup): Place {
  const above = place.keyPrefix.slice(0, -`${sourceName}/`.length);
  return { ...place, keyPrefix: `${above}*/`, only: backups.map((one) => one.place.keyPrefix) };
}
