import type { Client } from 'pg';
import { type GlobalStatement, parseGlobals } from '../archive/globals-sql.ts';
import { type GlobalState, readGlobalState } from '../objects/global-state.ts';
import { runOne } from './apply-globals.ts';
import type { GlobalsSession } from './globals-session.ts';

export type AsWritten = {
  readonly state: readonly GlobalState[];
  /** The roles whose settings this server does not take, as `lc_messages` of a locale that it lacks. */
  readonly refusedSettings: readonly string[];
  /** Whether this server refused what would make this fact true: `state` says nothing of it then. */
  readonly refused: (state: GlobalState, fact: string) => boolean;
};

/**
 * What the roles and tablespaces of globals.sql are like with all that a private server leaves out on purpose: leave to
 * log in, limits and settings. In a transaction that is rolled back. Passwords are left out here too. Call it when the
 * roles have been made.
 */
export async function globalsAsWritten({
  client,
  sql,
  readable,
  encoding,
}: GlobalsSession): Promise<AsWritten> {
  const refusedSettings = new Set<string>();
  let isParameterRefused = false;
  await client.query('begin');
  try {
    for (const statement of parseGlobals(sql)) {
      const { kind, name = '' } = statement;
      if (kind === 'parameter rights') {
        // It was run when the roles were made; here only to know whether this server takes it.
        isParameterRefused ||= (await attempt(client, statement)) !== undefined;
      } else if (kind === 'alter role' || kind === 'set for role') {
        if ((await attempt(client, statement)) !== undefined) refusedSettings.add(readable(name));
      }
    }
    const state = await readGlobalState(client, encoding);
    return {
      state,
      refusedSettings: [...refusedSettings],
      refused: ({ kind, name }, fact) =>
        kind === 'parameter'
          ? isParameterRefused
          : kind === 'role' && refusedSettings.has(name) && fact.startsWith('setting '),
    };
  } finally {
    await client.query('rollback');
  }
}

async function attempt(client: Client, statement: GlobalStatement): Promise<string | undefined> {
  await client.query('savepoint before_statement');
  const failure = await runOne(client, withoutPassword(statement));
  await client.query(`${failure === undefined ? 'release' : 'rollback to'} savepoint before_statement`);
  return failure;
}

function withoutPassword({ sql }: GlobalStatement): string {
  return sql.replace(/^(ALTER ROLE (?:"(?:[^"]|"")+"|\w+) WITH [A-Z0-9 -]*?) PASSWORD '(?:[^']|'')*'/s, '$1');
}
