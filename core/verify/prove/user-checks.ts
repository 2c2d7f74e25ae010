import type { Client, QueryArrayConfig, QueryArrayResult } from 'pg';
import type { UserCheck } from '../../config/checks.ts';
import { messageOf } from '../../errors.ts';
import type { Check } from '../../manifest/verification.ts';
import { oneLine } from '../../text/one-line.ts';
import { plural } from '../../text/units.ts';
import { checkOf } from './differences.ts';

export type UserCheckOptions = {
  /** A check that takes longer is stopped. */
  readonly limitSeconds: number;
  /** Whether something was left out that the SQL may be about. */
  readonly isPartial: boolean;
};

/** What a check may stumble over where something was left out: missing tables, columns, types, functions, schemas. */
const missingThing: ReadonlySet<unknown> = new Set(['42P01', '42703', '42704', '42883', '3F000']);
const queryCanceled = '57014';

/**
 * Runs the user's checks, each in a read-only transaction with the search path that the database itself has. Undefined
 * where there is none for this database.
 */
export async function runUserChecks(
  client: Client,
  checks: readonly UserCheck[],
  options: UserCheckOptions,
): Promise<Check | undefined> {
  if (checks.length === 0) return undefined;
  const faults: string[] = [];
  const limits: string[] = [];
  for (const check of checks) {
    const { fault, limit } = await runOne(client, check, options);
    if (fault !== undefined) faults.push(`${wordsFor(check)}: ${fault}`);
    if (limit !== undefined) limits.push(`${wordsFor(check)}: ${limit}`);
  }
  return checkOf('checks', { faults, limits, passed: `${plural(checks.length, 'check')}, all true` });
}

async function runOne(
  client: Client,
  { sql }: UserCheck,
  { limitSeconds, isPartial }: UserCheckOptions,
): Promise<{ fault?: string; limit?: string }> {
  // `connect` leaves pg_catalog only; what the user wrote is meant for the path of the database.
  await client.query(`reset search_path; begin read only; set local statement_timeout = '${limitSeconds}s'`);
  try {
    const fault = problemOf(await ask(client, sql));
    return fault === undefined ? {} : { fault };
  } catch (error: unknown) {
    const { code } = error as { readonly code?: unknown };
    // No SQLSTATE: the connection failed, not the SQL.
    if (code === undefined) throw error;
    if (code === queryCanceled) return { limit: `not done after ${limitSeconds} s` };
    if (isPartial && missingThing.has(code))
      return { limit: `${messageOf(error)}, perhaps among what was left out` };
    return { fault: messageOf(error) };
  } finally {
    await client.query('rollback').catch(() => undefined);
  }
}

/** The extended protocol takes one statement only: none can end the read-only transaction and go on. */
async function ask(client: Client, text: string): Promise<QueryArrayResult> {
  const query: QueryArrayConfig & { readonly queryMode: 'extended' } = {
    text,
    rowMode: 'array',
    queryMode: 'extended',
  };
  return await client.query(query);
}

function problemOf({ rows, fields }: QueryArrayResult): string | undefined {
  if (fields.length !== 1) return `returned ${plural(fields.length, 'column')}, expected one`;
  if (rows.length !== 1) return `returned ${plural(rows.length, 'row')}, expected one`;
  const value: unknown = rows[0]?.[0];
  return value === true ? undefined : `returned ${oneLine(String(value)).slice(0, 80)}, not true`;
}

function wordsFor({ name, sql }: UserCheck): string {
  return oneLine(name ?? sql).slice(0, 200);
}
