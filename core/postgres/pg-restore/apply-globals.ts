import type { Client, QueryConfig } from 'pg';
import { messageOf } from '../../errors.ts';
import { type GlobalStatement, parseGlobals } from '../archive/globals-sql.ts';
import { speakEnglish } from '../connect/language.ts';
import { quoteIdentifier } from '../names.ts';
import { judge } from './classify.ts';
import type { GlobalsSession } from './globals-session.ts';
import type { RestoreProblem } from './restoration.ts';

export type GlobalsMode =
  /**
   * A server that lives only for a verification: no role may log in, no password is set, tablespaces are directories of
   * its own. `bootstrapRole` is the role that the server was made with, and stays as it is.
   */
  | { readonly mode: 'private'; readonly bootstrapRole: string | undefined }
  /** A server that is in use: what is there stays as it is. */
  | { readonly mode: 'target' };

export type AppliedGlobals = {
  readonly problems: readonly RestoreProblem[];
  readonly problemCount: number;
  /** Those that were made. */
  readonly roles: readonly string[];
  readonly tablespaces: readonly string[];
  /** Those that were there already, and were left alone. */
  readonly existing: readonly string[];
};

/**
 * Makes the roles and tablespaces that the session's globals.sql describes. Every statement is looked at before it is run;
 * what pg_dumpall does not write is refused. Never rejects for what a server refuses.
 */
export async function applyGlobals(
  { client, sql, readable }: GlobalsSession,
  options: GlobalsMode,
): Promise<AppliedGlobals> {
  const problems: RestoreProblem[] = [];
  const there = await existingNames(client);
  const roles: string[] = [];
  const tablespaces: string[] = [];
  const existing = new Set<string>();
  const version = await majorOf(client);
  const isSuperuser = await isSuperuserHere(client);
  await client.query('set standard_conforming_strings = on');
  await speakEnglish(client);
  if (options.mode === 'private' && version >= 15) await client.query('set allow_in_place_tablespaces = on');

  for (const statement of parseGlobals(sql)) {
    if (statement.kind === 'setting') continue;
    if (statement.kind === 'unknown') {
      problems.push({
        fault: 'backup',
        message: 'globals.sql holds what pg_dumpall never writes',
        statement: readable(shown(statement)),
      });
      continue;
    }
    if (statement.kind === 'create tablespace' && options.mode === 'private' && version < 15) {
      const missing = readable(`tablespace "${statement.name}"`);
      problems.push({
        fault: 'environment',
        missing,
        statement: readable(shown(statement)),
        message: 'before version 15 PostgreSQL makes tablespaces in directories of the machine only',
      });
      continue;
    }
    const text = rewritten(statement, options, { there, existing, readable, isSuperuser });
    if (text === undefined) continue;
    const failure = await runOne(client, text);
    if (failure === undefined) {
      if (statement.kind === 'create role' && statement.name !== undefined) roles.push(statement.name);
      if (statement.kind === 'create tablespace' && statement.name !== undefined)
        tablespaces.push(statement.name);
    } else {
      const problem = judge({ message: readable(failure), statement: readable(shown(statement)) });
      if (problem !== undefined) problems.push(missingHere(problem));
    }
  }
  return {
    problems,
    problemCount: problems.length,
    roles: roles.map(readable),
    tablespaces: tablespaces.map(readable),
    existing: [...existing].map(readable),
  };
}

type Names = { readonly roles: ReadonlySet<string>; readonly tablespaces: ReadonlySet<string> };

/** The statement as it is to be run; undefined where it is not. */
function rewritten(
  statement: GlobalStatement,
  options: GlobalsMode,
  {
    there,
    existing,
    readable,
    isSuperuser,
  }: {
    readonly there: Names;
    readonly existing: Set<string>;
    readonly readable: GlobalsSession['readable'];
    readonly isSuperuser: boolean;
  },
): string | undefined {
  const { kind, name = '', isOfTablespace, sql } = statement;
  const isThere = isOfTablespace ? there.tablespaces.has(name) : there.roles.has(name);
  if (kind === 'create role' || kind === 'create tablespace') {
    if (isThere) {
      if (options.mode === 'target') existing.add(name);
      return undefined;
    }
    return kind === 'create role' || options.mode === 'target' ? sql : inPlace(sql, name);
  }
  if (options.mode === 'target') {
    if (isThere && kind !== 'grant role') return undefined;
    return isSuperuser ? sql : withoutSuperuserWords(kind, sql);
  }
  if (kind === 'alter role') return readable(name) === options.bootstrapRole ? undefined : withoutLogin(sql);
  // What a role has set is part of how it works in the application; here it could only get in the way.
  if (kind === 'set for role') return undefined;
  return sql;
}

/**
 * The same for a role that is no superuser, on a managed service for instance. Only a superuser may say NOSUPERUSER, or who
 * granted a membership; what is denied here is what a role that was just made has not got anyway.
 */
function withoutSuperuserWords(kind: GlobalStatement['kind'], sql: string): string {
  if (kind === 'grant role') return sql.replace(/ GRANTED BY (?:"(?:[^"]|"")+"|\w+)$/s, '');
  if (kind !== 'alter role') return sql;
  const [all, beginning = '', attributes = ''] =
    /^(ALTER ROLE (?:"(?:[^"]|"")+"|\w+) WITH)((?: (?:NO)?(?:SUPERUSER|INHERIT|CREATEROLE|CREATEDB|LOGIN|REPLICATION|BYPASSRLS))+)/s.exec(
      sql,
    ) ?? [];
  if (all === undefined) return sql;
  const asked = attributes.replace(/ NO(?:SUPERUSER|CREATEROLE|CREATEDB|REPLICATION|BYPASSRLS)/g, '');
  return `${beginning}${asked}${sql.slice(all.length)}`;
}

/** pg_dumpall writes the attributes in capital letters and in this order, after a name that may look like anything. */
function withoutLogin(sql: string): string {
  const attributes =
    /^(ALTER ROLE (?:"(?:[^"]|"")+"|\w+) WITH (?:NO)?SUPERUSER (?:NO)?INHERIT (?:NO)?CREATEROLE (?:NO)?CREATEDB) (?:NO)?LOGIN( (?:NO)?REPLICATION(?: (?:NO)?BYPASSRLS)?)/s.exec(
      sql,
    );
  return attributes === null ? sql.replace(/ PASSWORD .*$/s, '') : `${attributes[1]} NOLOGIN${attributes[2]}`;
}

/** The directory is another machine's: a directory inside the server's own stands for it. */
function inPlace(sql: string, name: string): string {
  const [, owner] = /^CREATE TABLESPACE (?:"(?:[^"]|"")+"|\w+) OWNER ("(?:[^"]|"")+"|\w+)\s/s.exec(sql) ?? [];
  const ofOwner = owner === undefined ? '' : ` OWNER ${owner}`;
  return `CREATE TABLESPACE ${quoteIdentifier(name)}${ofOwner} LOCATION ''`;
}

/** In a message of its own kind, which takes one statement only: whatever hides in a string stays in it. */
export async function runOne(client: Client, sql: string): Promise<string | undefined> {
  try {
    await client.query({ text: sql, queryMode: 'extended' } as QueryConfig);
    return undefined;
  } catch (error: unknown) {
    return messageOf(error);
  }
}

/** Roles like pg_read_all_stats come with a version of PostgreSQL: an older server lacks some. */
function missingHere(problem: RestoreProblem): RestoreProblem {
  const role = /role "(pg_\w+)" does not exist/.exec(problem.message)?.[1];
  if (role !== undefined) return { ...problem, fault: 'environment', missing: `the predefined role ${role}` };
  const parameter = /unrecognized configuration parameter/.test(problem.message);
  return parameter ? { ...problem, fault: 'environment' } : problem;
}

/** Never a password hash. */
function shown({ sql }: GlobalStatement): string {
  return sql
    .replace(/ PASSWORD .*$/s, ' PASSWORD …')
    .replace(/\s+/g, ' ')
    .slice(0, 200);
}

async function existingNames(client: Client): Promise<Names> {
  const roles = await client.query<{ name: string }>('select rolname as name from pg_catalog.pg_roles');
  const spaces = await client.query<{ name: string }>('select spcname as name from pg_catalog.pg_tablespace');
  return {
    roles: new Set(roles.rows.map(({ name }) => name)),
    tablespaces: new Set(spaces.rows.map(({ name }) => name)),
  };
}

async function isSuperuserHere(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ is: boolean }>(
    'select rolsuper as is from pg_catalog.pg_roles where rolname = current_user',
  );
  return rows[0]?.is === true;
}

async function majorOf(client: Client): Promise<number> {
  const { rows } = await client.query<{ num: string }>("select current_setting('server_version_num') as num");
  return Math.floor(Number(rows[0]?.num) / 10_000);
}
