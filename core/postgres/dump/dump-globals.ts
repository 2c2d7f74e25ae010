import type { Client } from 'pg';
import { PgproofError } from '../../errors.ts';
import { ChildFailed } from '../../process/child-failed.ts';
import { outputOf } from '../../process/child-output.ts';
import type { PasswordsLeftOut } from '../../vocabulary.ts';
import { quoteConninfo } from '../libpq/conninfo.ts';

export type GlobalsRequest = {
  /** Path of pg_dumpall. */
  readonly program: string;
  readonly database: string;
  readonly env: Readonly<Record<string, string>>;
  readonly redact: (text: string) => string;
  readonly onStderrLine?: ((line: string) => void) | undefined;
  readonly signal: AbortSignal;
};

/** `rolePasswordsLeftOut` says why where there are none. */
export type Globals = {
  readonly sql: Buffer;
  readonly rolePasswords: boolean;
  readonly rolePasswordsLeftOut?: PasswordsLeftOut | undefined;
};

/** Names of the roles and tablespaces that globals.sql makes. */
export type GlobalNames = {
  /** The role that initdb made, whatever its name. Undefined where the server does not show it. */
  readonly bootstrapRole: string | undefined;
  readonly roles: readonly string[];
  readonly tablespaces: readonly string[];
};

/**
 * The roles and tablespaces of the server that are in `sql` too. Both, because roles come and go: the catalogs are read
 * at the snapshot's instant and pg_dumpall reads at another, and a name that only one of them has would be missed by
 * every verification. A restored role is looked for by the names in the catalogs; what is not in `sql` was dropped
 * before pg_dumpall ran. What pg_dumpall writes is compared as bytes: it keeps the database's encoding.
 */
export async function readGlobalNames(client: Client, sql: Buffer): Promise<GlobalNames> {
  type Row = { kind: 'role' | 'tablespace'; name: string; raw: Buffer; bootstrap: boolean };
  const { rows } = await client.query<Row>(
    `select kind, name, bootstrap, convert_to(name, getdatabaseencoding()) as raw
       from (select 'role' as kind, rolname::text as name, oid = 10 as bootstrap from pg_roles
             union all
             select 'tablespace', spcname::text, false from pg_tablespace) both_kinds
      order by kind, name collate "C"`,
  );
  const written = ({ kind, name, raw }: Row): boolean => {
    if (name.startsWith('pg_')) return false;
    const [before, after] = kind === 'role' ? ['\nCREATE ROLE ', ';'] : ['\nCREATE TABLESPACE ', ' OWNER '];
    // pg_dumpall quotes by the keywords it knows, which may be others than the server's.
    const quoted = Buffer.from(`"${raw.toString('latin1').replaceAll('"', '""')}"`, 'latin1');
    return [raw, quoted].some((text) =>
      sql.includes(Buffer.concat([Buffer.from(before), text, Buffer.from(after)])),
    );
  };
  const names = (kind: Row['kind']): string[] =>
    rows.filter((row) => row.kind === kind && written(row)).map(({ name }) => name);
  return {
    bootstrapRole: rows.find(({ bootstrap }) => bootstrap)?.name,
    roles: names('role'),
    tablespaces: names('tablespace'),
  };
}

/** Roles and tablespaces are kilobytes; what is larger is something else. */
const limitBytes = 256 * 1024 * 1024;

/**
 * Roles, their memberships and settings, and tablespaces, as SQL (pg_dumpall --globals-only). Without the roles'
 * password hashes where they are not wanted, where `mayRead` is false, or where the server refuses after all: managed
 * services let no role read pg_authid, whatever the privileges say.
 * @throws ChildFailed
 */
export async function dumpGlobals(
  request: GlobalsRequest,
  passwords: { readonly wanted: boolean; readonly mayRead: boolean },
): Promise<Globals> {
  if (!passwords.wanted) return await withoutPasswords(request, 'asked');
  if (!passwords.mayRead) return await withoutPasswords(request, 'refused');
  try {
    return { sql: await runDumpall(request, true), rolePasswords: true };
  } catch (error: unknown) {
    const refused =
      error instanceof ChildFailed && /permission denied.*pg_authid/.test(error.exit.stderrTail);
    if (!refused) throw error;
    return await withoutPasswords(request, 'refused');
  }
}

async function withoutPasswords(
  request: GlobalsRequest,
  rolePasswordsLeftOut: PasswordsLeftOut,
): Promise<Globals> {
  return { sql: await runDumpall(request, false), rolePasswords: false, rolePasswordsLeftOut };
}

async function runDumpall(request: GlobalsRequest, passwords: boolean): Promise<Buffer> {
  const { program: file, database, env, redact, signal, onStderrLine } = request;
  // libpq expands what pg_dumpall takes as a database's name into a connection string; quoted, a name stays a name.
  const args = ['--globals-only', '--no-password', `--database=${quoteConninfo(database)}`];
  if (!passwords) args.push('--no-role-passwords');
  return await outputOf(
    { file, args, env, redact, signal, onStderrLine },
    {
      bytes: limitBytes,
      error: () =>
        new PgproofError({
          what: 'The roles of the server take too much room',
          got: `more than ${limitBytes} bytes from pg_dumpall --globals-only`,
          fix: 'Look at what it writes; this is not how roles look.',
        }),
    },
  );
}
