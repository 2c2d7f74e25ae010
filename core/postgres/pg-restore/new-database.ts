import { randomBytes } from 'node:crypto';
import type { Client } from 'pg';
import { messageOf } from '../../errors.ts';
import type { DatabaseLocale, Manifest } from '../../manifest/manifest.ts';
import { quoteIdentifier } from '../names.ts';
import { judge } from './classify.ts';
import { withoutNames } from './reason.ts';
import type { RestoreProblem } from './restoration.ts';

export type NewDatabase = {
  readonly name: string;
  /** As PostgreSQL calls it: `UTF8`. */
  readonly encoding: string;
  /** Undefined: the server's own. */
  readonly locale: DatabaseLocale | undefined;
  readonly owner?: string | undefined;
};

/**
 * Makes a database like the source's; where this server lacks its locale, with the nearest that it has.
 *
 * @param instead what is tried then, one after the other
 * @returns `substituted`: what was taken instead, for people
 * @throws what the server says, where there is no database that it could make
 */
export async function createDatabase(
  client: Client,
  database: NewDatabase,
  instead: readonly Pick<NewDatabase, 'encoding' | 'locale'>[] = substitutes(database.encoding),
): Promise<{ readonly substituted: string | undefined }> {
  try {
    await client.query(createStatement(database));
    return { substituted: undefined };
  } catch (error: unknown) {
    if (!isLocaleProblem(error)) throw error;
    for (const like of instead) {
      try {
        await client.query(createStatement({ ...database, ...like }));
        return { substituted: like.locale?.collate ?? like.encoding };
      } catch (next: unknown) {
        if (!isLocaleProblem(next)) throw next;
      }
    }
    throw error;
  }
}

/**
 * Why this server cannot make a database of that encoding and locale; undefined where it can. Found by making one and
 * dropping it again: the rules are the server's, the C library's and ICU's together.
 */
export async function localeProblem(
  client: Client,
  database: Pick<NewDatabase, 'encoding' | 'locale'>,
): Promise<RestoreProblem | undefined> {
  const name = `pgproof_probe_${randomBytes(6).toString('hex')}`;
  try {
    await client.query(createStatement({ ...database, name }));
  } catch (error: unknown) {
    if (!isLocaleProblem(error)) throw error;
    const message = messageOf(error);
    // Whatever its words are: a database like the source's cannot be made here, and that is not the backup's fault.
    return {
      missing: `a database in ${database.encoding} like the source's`,
      ...judge({ message }),
      fault: 'environment',
      message,
    };
  }
  await client.query(`drop database ${quoteIdentifier(name)}`);
  return undefined;
}

/**
 * Whether an archive can make its database itself. A database's name is kept as the bytes that the client sent that made
 * it, and pg_dump writes them among names in the database's encoding: where that is not UTF-8 they cannot be read again.
 */
export function canCreateItself({
  database,
  server,
}: {
  readonly database: string;
  readonly server: { readonly encoding: string };
}): boolean {
  return server.encoding === 'UTF8' || /^[\x20-\x7e]*$/.test(database);
}

/**
 * The encoding in which an archive's names of roles are to be sent; undefined where they are the same in all. While it
 * makes its own database pg_restore gives the owner in another one.
 */
export function encodingOfOwners({
  globals,
  server,
}: Pick<Manifest, 'globals' | 'server'>): string | undefined {
  const isPlain = globals.roles?.every((name) => /^[\x20-\x7e]*$/.test(name)) ?? false;
  return isPlain ? undefined : server.encoding;
}

const databaseOfOurs: Readonly<Record<string, string>> = { postgres: 'template1', template1: 'postgres' };

/**
 * In a server that lives only for a restore: drops the database that is to be made, where initdb made one of that name.
 * @returns the database to be connected to for making it
 */
export function maintenanceDatabase(name: string): string {
  return databaseOfOurs[name] ?? 'postgres';
}

/** `client` must be connected to `maintenanceDatabase(name)`. */
export async function makeWayFor(client: Client, name: string): Promise<void> {
  if (databaseOfOurs[name] !== undefined) await dropDatabase(client, name);
}

/**
 * In a server that lives only for a restore; sessions that are still connected are cut off.
 * @throws what the server says: of a database with subscriptions, for one
 */
export async function dropDatabase(client: Client, name: string): Promise<void> {
  const quoted = quoteIdentifier(name);
  const { rows } = await client.query('select from pg_database where datistemplate and datname = $1', [name]);
  if (rows.length > 0) await client.query(`alter database ${quoted} is_template false`);
  await client.query(`drop database if exists ${quoted} with (force)`);
}

function createStatement({ name, encoding, locale, owner }: NewDatabase): string {
  const options = [
    'template template0',
    `encoding ${quoteText(encoding)}`,
    ...(locale === undefined ? [] : localeOptions(locale)),
    ...(owner === undefined ? [] : [`owner ${quoteIdentifier(owner)}`]),
  ];
  return `create database ${quoteIdentifier(name)} ${options.join(' ')}`;
}

/** The provider's keywords came with PostgreSQL 15 (icu) and 17 (builtin); libc needs none. */
function localeOptions({ provider, collate, ctype, locale, rules }: DatabaseLocale): string[] {
  const base = [`lc_collate ${quoteText(collate)}`, `lc_ctype ${quoteText(ctype)}`];
  if (provider === 'libc') return base;
  const own = provider === 'icu' ? 'icu_locale' : 'builtin_locale';
  return [
    `locale_provider ${provider}`,
    ...base,
    ...(locale === undefined ? [] : [`${own} ${quoteText(locale)}`]),
    ...(rules === undefined ? [] : [`icu_rules ${quoteText(rules)}`]),
  ];
}

/** C fits every encoding; C.UTF-8 knows more letters. */
function substitutes(encoding: string): Pick<NewDatabase, 'encoding' | 'locale'>[] {
  const libc = (name: string): Pick<NewDatabase, 'encoding' | 'locale'> => ({
    encoding,
    locale: { provider: 'libc', collate: name, ctype: name },
  });
  return encoding === 'UTF8' ? [libc('C.UTF-8'), libc('C')] : [libc('C')];
}

/**
 * How CREATE DATABASE from template0 refuses encoding, locale and provider (dbcommands.c, pg_locale.c): wrong object
 * type, invalid parameter value, feature not supported, syntax error, invalid object definition. Whatever the language.
 */
const localeStates: ReadonlySet<unknown> = new Set(['42809', '22023', '0A000', '42601', '42P17']);
const internalError = 'XX000';

/** Other states are another thing, whatever words the names in their messages are made of. */
function isLocaleProblem(error: unknown): boolean {
  const { code } = error as { readonly code?: unknown };
  if (localeStates.has(code)) return true;
  return code === internalError && /locale|collat|ICU|encoding/i.test(withoutNames(messageOf(error)));
}

function quoteText(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes('\\') ? ` E${quoted.replaceAll('\\', '\\\\')}` : quoted;
}
