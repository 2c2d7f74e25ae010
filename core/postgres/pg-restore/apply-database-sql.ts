import type { Client, QueryConfig } from 'pg';
import { messageOf } from '../../errors.ts';
import { type DatabaseStatement, parseDatabaseSql } from '../archive/database-sql.ts';
import { speakEnglish } from '../connect/language.ts';
import { judge } from './classify.ts';
import type { RestoreProblem } from './restoration.ts';

export type DatabaseSqlOptions = {
  readonly asSuperuser: boolean;
  /** Kinds of statements that are not wanted, as with `--no-owner`. */
  readonly without?: readonly DatabaseStatement['kind'][] | undefined;
};

/**
 * Gives the database that `client` is connected to the owner, grants and settings that `sql` (database.sql) tells of.
 * Every statement is looked at before it is run: what is none of ours, or about another database, is refused. Never
 * rejects for what a server refuses.
 */
export async function applyDatabaseSql(
  client: Client,
  sql: string,
  { asSuperuser, without = [] }: DatabaseSqlOptions,
): Promise<RestoreProblem[]> {
  const { rows } = await client.query<{ own: string }>('select pg_catalog.current_database() as own');
  const problems: RestoreProblem[] = [];
  await speakEnglish(client);
  for (const { kind, database, sql: text } of parseDatabaseSql(sql)) {
    const statement = text.replace(/\s+/g, ' ').slice(0, 200);
    if (kind === 'unknown' || database !== rows[0]?.own) {
      const message = 'database.sql holds what is not about this database';
      problems.push({ fault: 'backup', message, statement });
      continue;
    }
    if (without.includes(kind)) continue;
    const failure = await run(client, text);
    const problem = failure === undefined ? undefined : judge({ message: failure, statement }, asSuperuser);
    if (problem !== undefined) problems.push({ ...problem, message: `database.sql: ${problem.message}` });
  }
  return problems;
}

/** In a message of its own kind, which takes one statement only: whatever hides in a string stays in it. */
async function run(client: Client, sql: string): Promise<string | undefined> {
  try {
    await client.query({ text: sql, queryMode: 'extended' } as QueryConfig);
    return undefined;
  } catch (error: unknown) {
    return messageOf(error);
  }
}
