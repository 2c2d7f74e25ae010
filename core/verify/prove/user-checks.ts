import type { Client, QueryArrayConfig, QueryArrayResult } from 'pg';
import type { UserCheck } from '../../config/checks.ts';
import { messageOf } from '../../errors.ts';
import type { Check } from '../../manifest/verification.ts';
import { oneLine } from '../../text/one-line.ts';
import { plural } from '../../text/units.ts';
import { checkOf } from './differences.ts';

export type UserCheckOptions = {
  /** SQL that takes longer is stopped. */
  readonly limitSeconds: number;
  /** Runs a program on the restored database. */
  readonly runCommand: (command: readonly string[], limitSeconds: number | undefined) => Promise<Answer>;
  /** Whether something was left out that the SQL may be about. */
  readonly isPartial: boolean;
};

export const userChecksName = 'checks';

/** What a check may stumble over where something was left out: missing tables, columns, types, functions, schemas. */
const missingThing: ReadonlySet<string> = new Set(['42P01', '42703', '42704', '42883', '3F000']);
const queryCanceled = '57014';
/** Classes of SQLSTATE that speak of the server, not of the SQL: connection, resources, operator, system, its own defects. */
const serversFault = /^(08|53|57|58|XX)/;

/**
 * Runs the user's checks, each in a read-only transaction with the search path that the database itself has. Only one that
 * returns false fails; one that cannot be answered so or so is to be mended itself, and decides nothing. Undefined where
 * there is none for this database.
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
    const answer = await answerTo(client, check, options);
    if (answer === true) continue;
    if (answer === false) faults.push(`${wordsFor(check)}: ${falseWords}`);
    else if ('untrue' in answer) faults.push(`${wordsFor(check)}: ${falseWords}: ${answer.untrue}`);
    else limits.push(`${wordsFor(check)}: ${answer.undecided}`);
  }
  const passed = `${plural(checks.length, 'check')}, all true`;
  // What was not decided is told along with what failed: else it would come up only when that is mended.
  return checkOf(userChecksName, { faults: faults.length > 0 ? [...faults, ...limits] : [], limits, passed });
}

/** A copy that is exact is false too where the data was so at the source. */
const falseWords =
  'returned false, not true: what it looks for is missing in the backup, or was not so at the source either when it was taken (stale data)';

export type Answer =
  | boolean
  /** False, in the words of the program that found it so. */
  | { readonly untrue: string }
  | { readonly undecided: string };

async function answerTo(client: Client, check: UserCheck, options: UserCheckOptions): Promise<Answer> {
  if (check.sql !== undefined) return await runOne(client, check.sql, options);
  return await options.runCommand(check.command ?? [], check.timeoutSeconds);
}

async function runOne(
  client: Client,
  sql: string,
  { limitSeconds, isPartial }: UserCheckOptions,
): Promise<Answer> {
  // `connect` leaves pg_catalog only; what the user wrote is meant for the path of the database.
  await client.query(`reset search_path; begin read only; set local statement_timeout = '${limitSeconds}s'`);
  try {
    return answerOf(await ask(client, sql));
  } catch (error: unknown) {
    const { code, hint, severity } = error as Readonly<Record<string, unknown>>;
    // The server did not say it: the connection failed, not the SQL.
    if (typeof code !== 'string' || severity === undefined) throw error;
    const said = typeof hint === 'string' ? `${messageOf(error)} (${hint})` : messageOf(error);
    if (code === queryCanceled)
      return { undecided: `not done after ${limitSeconds} s: make it look at less, or give it an index` };
    if (isPartial && missingThing.has(code)) return { undecided: `${said}, perhaps among what was left out` };
    if (serversFault.test(code)) return { undecided: said };
    return { undecided: `cannot be run: ${said}. ${mend}` };
  } finally {
    await client.query('rollback').catch(() => undefined);
  }
}

const mend = 'Mend the check, no fault of the backup was found by it';

/** The extended protocol takes one statement only: none can end the read-only transaction and go on. */
async function ask(client: Client, text: string): Promise<QueryArrayResult> {
  const query: QueryArrayConfig & { readonly queryMode: 'extended' } = {
    text,
    rowMode: 'array',
    queryMode: 'extended',
  };
  return await client.query(query);
}

function answerOf({ rows, fields }: QueryArrayResult): Answer {
  const wrong = (got: string, how: string): Answer => ({ undecided: `returned ${got}: ${how}. ${mend}` });
  if (fields.length !== 1)
    return wrong(
      plural(fields.length, 'column'),
      'one is expected, a boolean, as of select count(*) > 0 from …',
    );
  if (rows.length !== 1)
    return wrong(
      plural(rows.length, 'row'),
      'one is expected, as of select exists (…) or select bool_and(…)',
    );
  const value: unknown = rows[0]?.[0];
  if (typeof value === 'boolean') return value;
  if (value === null)
    return wrong(
      'null',
      'neither true nor false, as of max() over no rows; say which is meant, as by coalesce(…, false)',
    );
  return wrong(
    `${oneLine(describeValue(value)).slice(0, 80)}, no boolean`,
    'compare it with what is right, as in … > 0',
  );
}

function describeValue(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

function wordsFor({ name, sql, command = [] }: UserCheck): string {
  return oneLine(name ?? sql ?? command.join(' ')).slice(0, 200);
}
