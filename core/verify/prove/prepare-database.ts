import type { Client } from 'pg';
import type { Manifest } from '../../manifest/manifest.ts';
import type { Toc } from '../../postgres/archive/toc.ts';
import { type Unmet, unmetEntries } from '../../postgres/archive/unmet.ts';
import { withConnection } from '../../postgres/connect/connect.ts';
import type { ConnectionParameters } from '../../postgres/connect/parameters.ts';
import {
  canCreateItself,
  createDatabase,
  dropDatabase,
  localeProblem,
  makeWayFor,
} from '../../postgres/pg-restore/new-database.ts';
import type { RestoreProblem } from '../../postgres/pg-restore/restoration.ts';
import { type MissingExtensions, missingExtensions } from './missing-here.ts';
import type { MoneyEntries } from './money-entries.ts';

export type PreparedDatabase = {
  readonly missing: MissingExtensions;
  /** What needs something that was left out of the backup on purpose. */
  readonly unmet: Unmet;
  /** What took the place of a locale that this server does not have. */
  readonly locale:
    | {
        /** For people. */
        readonly detail: string;
        readonly lacking: RestoreProblem['lacking'];
      }
    | undefined;
  /** Amounts in a locale that this server does not have. */
  readonly money: MoneyEntries | undefined;
  /** Whether the archive is to make the database itself; else it is there now. */
  readonly create: boolean;
};

/** Makes the way free for the backup's database in the private server, or the database itself. */
export async function prepareDatabase(
  client: Client,
  manifest: Manifest,
  toc: Toc | undefined,
  money: MoneyEntries | undefined,
): Promise<PreparedDatabase> {
  const { database: name, server } = manifest;
  const { encoding } = server;
  const missing = await missingExtensions(client, manifest, toc);
  const unmet = unmetEntries(manifest, toc);
  const problem =
    server.locale === undefined
      ? undefined
      : await localeProblem(client, { encoding, locale: server.locale });
  await makeWayFor(client, name);
  const create = manifest.dump.format !== 'plain' && problem === undefined && canCreateItself(manifest);
  if (create) return { missing, unmet, locale: undefined, money, create };
  const { substituted } = await createDatabase(client, { name, encoding, locale: server.locale });
  const locale =
    problem === undefined
      ? undefined
      : {
          detail: `${problem.missing ?? problem.message} is missing here; ${substituted ?? 'another'} took its place`,
          lacking: problem.lacking,
        };
  return { missing, unmet, locale, money, create };
}

/** False where it cannot be dropped, because it has subscriptions: then it stays as it is. */
export async function dropRestored(
  database: string,
  target: ConnectionParameters,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await withConnection(target, { signal }, (client) => dropDatabase(client, database));
    return true;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}
