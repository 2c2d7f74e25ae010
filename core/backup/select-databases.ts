import { PgproofError, UsageError } from '../errors.ts';
import type { DatabaseFacts } from '../postgres/facts/server-facts.ts';
import { namesLike } from '../text/names-like.ts';

/** Databases of the providers themselves: only they may connect, and nothing of the user's is in them. */
const ofProviders = new Set(['rdsadmin', 'cloudsqladmin', 'azure_maintenance', 'azure_sys']);

/** There is nothing to back up, which is never what was meant. */
export class NoDatabases extends PgproofError {
  override readonly name = 'NoDatabases';
}

/**
 * The databases of a run: those named, or every one that is no template and allows connections but for `postgres`
 * and the providers' own; less those excluded. A name that the server does not have is kept: its backup fails, and
 * says so, while the others are taken. One that is a connection string and no database's is a mistake of the call's.
 * @throws NoDatabases, UsageError
 */
export function selectDatabases(
  onServer: readonly DatabaseFacts[],
  named: readonly string[],
  excluded: readonly string[],
): { readonly name: string; readonly bytes: number }[] {
  const left = new Set(excluded);
  const sizes = new Map(onServer.map(({ name, bytes }) => [name, bytes]));
  for (const name of [...named, ...excluded])
    if (!sizes.has(name) && isConnectionString(name)) throw noConnectionString();
  const all = onServer
    .filter(
      (one) =>
        one.allowsConnections && !one.isTemplate && one.name !== 'postgres' && !ofProviders.has(one.name),
    )
    .map((one) => one.name);
  const chosen = [...new Set(named.length > 0 ? named : all)].filter((name) => !left.has(name));
  if (chosen.length === 0) {
    throw new NoDatabases({
      what: 'There is no database to back up',
      got: `${quoted(onServer.map(({ name }) => name))} on the server${excluded.length > 0 ? `, without ${quoted(excluded)}` : ''}`,
      expected:
        'at least one that is no template, allows connections and is not excluded; postgres only if named',
      fix: 'Name one with --database, or exclude fewer.',
    });
  }
  return chosen.map((name) => ({ name, bytes: sizes.get(name) ?? 0 }));
}

/** A name that was to be left out and that the server does not have: a typo backs up too much, an old one nothing. */
export type NotExcluded = {
  readonly database: string;
  /** For people, with names that are like it. */
  readonly message: string;
};

/** Of the names that are to be left out those that leave out nothing. */
export function excludedInVain(
  onServer: readonly DatabaseFacts[],
  excluded: readonly string[],
): NotExcluded[] {
  const there = new Set(onServer.map(({ name }) => name));
  return [...new Set(excluded)]
    .filter((name) => !there.has(name))
    .map((database) => ({
      database,
      message: `was to be left out, and there is no database of that name (which could be ${databasesLike(database, onServer)}): correct it, or remove it`,
    }));
}

/** The user's databases whose names are most like one, for a message: `one of "app", "shop"`. */
export function databasesLike(name: string, onServer: readonly DatabaseFacts[]): string {
  const own = onServer.filter((one) => !one.isTemplate && !ofProviders.has(one.name));
  return namesLike(
    name,
    own.map((one) => ({ short: one.name, label: JSON.stringify(one.name) })),
  );
}

/**
 * `postgresql://user:secret@host/app`, the same without its beginning, `host=… password=…`: the name would go into the
 * backup's id, its key and every message, and the password with it.
 */
function isConnectionString(name: string): boolean {
  return (
    /^\s*(?:jdbc:)?[a-z][a-z0-9+]*:\/\//i.test(name) ||
    /^[^\s/@:]*:[^\s@]*@/.test(name) ||
    /(?:^|\s)(?:host|hostaddr|user|password|dbname|service)\s*=/i.test(name)
  );
}

/** Nothing of the text is repeated. */
function noConnectionString(): UsageError {
  return new UsageError({
    what: 'The name of a database was expected, and a connection string was given',
    got: 'a text like postgresql://… or host=…, not repeated here: it may hold a password',
    expected: 'the name alone, as in --database app',
    fix: 'Give the connection string with --source (in the configuration with host and secretArn), and only the name of the database here.',
  });
}

function quoted(names: readonly string[]): string {
  return names.map((name) => JSON.stringify(name)).join(', ');
}
