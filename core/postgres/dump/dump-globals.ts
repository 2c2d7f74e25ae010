import type { Client } from 'pg';
import { PgproofError } from '../../errors.ts';
import { ChildFailed } from '../../process/child-failed.ts';
import { outputOf } from '../../process/child-output.ts';
import type { PasswordsLeftOut } from '../../vocabulary.ts';
import { nameDecoder } from '../facts/encodings.ts';
import { withRawNames } from '../facts/raw-names.ts';
import { quoteConninfo } from '../libpq/conninfo.ts';

export type GlobalsRequest = {
  /** Path of pg_dumpall. */
  readonly program: string;
  readonly database: string;
  /** Of that database, as PostgreSQL calls it. */
  readonly encoding: string;
  /** Databases of the same server in other encodings, the likeliest first; asked for only where that one will not do. */
  readonly others: () => Promise<readonly string[]>;
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
 * before pg_dumpall ran. Names are read as bytes, as pg_dumpall writes them: those that were made in a database of another
 * encoding need not be text here, and no server would convert them.
 */
export async function readGlobalNames(client: Client, sql: Buffer, encoding: string): Promise<GlobalNames> {
  type Row = { kind: 'role' | 'tablespace'; raw: Buffer; bootstrap: boolean };
  const { rows } = await withRawNames(client, () =>
    client.query<Row>(
      `select kind, bootstrap, textsend(name) as raw
       from (select 'role' as kind, rolname::text as name, oid = 10 as bootstrap from pg_roles
             union all
             select 'tablespace', spcname::text, false from pg_tablespace) both_kinds
      order by kind, name collate "C"`,
    ),
  );
  const decode = nameDecoder(encoding);
  const written = ({ kind, raw }: Row): boolean => {
    if (decode(raw).startsWith('pg_')) return false;
    const [before, after] = kind === 'role' ? ['\nCREATE ROLE ', ';'] : ['\nCREATE TABLESPACE ', ' OWNER '];
    // pg_dumpall quotes by the keywords it knows, which may be others than the server's.
    const quoted = Buffer.from(`"${raw.toString('latin1').replaceAll('"', '""')}"`, 'latin1');
    return [raw, quoted].some((text) =>
      sql.includes(Buffer.concat([Buffer.from(before), text, Buffer.from(after)])),
    );
  };
  const names = (kind: Row['kind']): string[] =>
    rows.filter((row) => row.kind === kind && written(row)).map(({ raw }) => decode(raw));
  const bootstrap = rows.find((row) => row.bootstrap);
  return {
    bootstrapRole: bootstrap && decode(bootstrap.raw),
    roles: names('role'),
    tablespaces: names('tablespace'),
  };
}

/**
 * The server's answer names the table in every language; the statement, which pg_dumpall tells on a line of its own, names
 * it whatever the answer is.
 */
const refusesPasswords = /^pg_dumpall: error: query failed: .*\bpg_authid\b/m;

/** Roles and tablespaces are kilobytes; what is larger is something else. */
const limitBytes = 256 * 1024 * 1024;

/**
 * Roles, their memberships and settings, and tablespaces, as SQL (pg_dumpall --globals-only). Without the roles'
 * password hashes where they are not wanted, where `mayRead` is false, or where the server refuses after all: managed
 * services let no role read pg_authid, whatever the privileges say. Over another database where a name that was made
 * there is no text in the encoding of this one; the bytes of names are the same in all.
 * @throws ChildFailed
 */
export async function dumpGlobals(
  request: GlobalsRequest,
  passwords: { readonly wanted: boolean; readonly mayRead: boolean },
): Promise<Globals> {
  if (!passwords.wanted) return await withoutPasswords(request, 'asked');
  if (!passwords.mayRead) return await withoutPasswords(request, 'refused');
  try {
    return { sql: await anyDumpall(request, true), rolePasswords: true };
  } catch (error: unknown) {
    if (!isSaid(error, refusesPasswords)) throw error;
    return await withoutPasswords(request, 'refused');
  }
}

async function withoutPasswords(
  request: GlobalsRequest,
  rolePasswordsLeftOut: PasswordsLeftOut,
): Promise<Globals> {
  return { sql: await anyDumpall(request, false), rolePasswords: false, rolePasswordsLeftOut };
}

function isSaid(error: unknown, words: RegExp): boolean {
  return error instanceof ChildFailed && words.test(error.exit.stderrTail);
}

async function anyDumpall(request: GlobalsRequest, passwords: boolean): Promise<Buffer> {
  const isNoText = (error: unknown): boolean => isSaid(error, /invalid byte sequence for encoding/);
  try {
    return await runDumpall(request, passwords);
  } catch (first: unknown) {
    if (!isNoText(first)) throw first;
    for (const database of await request.others()) {
      try {
        return declaring(await runDumpall({ ...request, database }, passwords), request.encoding);
      } catch (error: unknown) {
        // One that lets this role not in, for one.
        if (!(error instanceof ChildFailed)) throw error;
      }
    }
    throw first;
  }
}

/** The names are meant as this database reads them, as the archive has them too. */
function declaring(sql: Buffer, encoding: string): Buffer {
  const text = sql.toString('latin1');
  return Buffer.from(
    text.replace(/^SET client_encoding = '\w+';$/m, `SET client_encoding = '${encoding}';`),
    'latin1',
  );
}

/** For {@link GlobalsRequest.others}: encodings in which every byte is a letter first, then where roles are mostly made. */
export async function databasesInOtherEncodings(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select name from (
       select distinct on (encoding) datname as name, encoding from pg_database
        where datallowconn and has_database_privilege(oid, 'CONNECT')
          and encoding <> (select encoding from pg_database where datname = current_database())
        order by encoding, datname <> 'postgres', datname) one_of_each
      order by pg_encoding_to_char(encoding) not in ('LATIN1', 'SQL_ASCII'), name <> 'postgres', name`,
  );
  return rows.map(({ name }) => name);
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
