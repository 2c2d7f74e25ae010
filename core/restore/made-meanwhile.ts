import type { Client } from 'pg';
import { databaseExists } from './check-target.ts';
import { TargetRefused } from './finding.ts';

/**
 * The name was free, or marked, when it was looked at. What is there now is somebody else's: it is neither filled nor marked,
 * and nobody is told to drop it.
 * @throws TargetRefused
 */
export async function refuseMadeMeanwhile(client: Client, database: string): Promise<void> {
  if (!(await databaseExists(client, database))) return;
  throw new TargetRefused({
    what: `The database ${JSON.stringify(database)} is there, and was not made by this restore`,
    got: 'somebody made it, or took it into use, since it was looked at',
    expected: 'a name that is free, for --create',
    fix: 'Look at what is in it: another restore may have made it. Name another one in --to.',
  });
}
