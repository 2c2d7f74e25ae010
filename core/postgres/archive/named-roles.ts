import type { Needs } from '../../manifest/manifest.ts';
import { startChild } from '../../process/run-child.ts';
import { nameDecoder } from '../facts/encodings.ts';
import { unquoteIdentifier } from '../names.ts';
import { type PostgresTools, toolPath } from '../programs/tools.ts';
import { offlineEnvironment, sqlArguments } from './offline-pg-restore.ts';
import { StatementScanner } from './sql-statements.ts';
import { declaredEncoding } from './sql-text.ts';
import { withUseList } from './use-list.ts';

export type Named = Needs & { readonly extensions: readonly string[] };

/**
 * The roles, tablespaces and extensions that an archive names, by the very statements that a restore would run. For backups whose
 * manifest does not have them, and for restores of a part of one.
 *
 * @param request.dumpIds the entries that are restored
 * @param request.parts as the restore itself has them: `--create`, `--no-owner`, `--schema-only`
 * @param request.directory for a file of ours
 * @returns undefined where pg_restore cannot write them, which a restore will tell in its own words
 */
export async function namedInArchive(request: {
  readonly tools: PostgresTools;
  readonly path: string;
  readonly dumpIds: Iterable<number>;
  readonly parts: readonly string[];
  readonly directory: string;
  readonly signal: AbortSignal;
}): Promise<Named | undefined> {
  const { tools, path, dumpIds, parts, directory, signal } = request;
  return await withUseList({ dumpIds, directory }, async (useList) => {
    const child = startChild({
      file: toolPath(tools, 'pg_restore'),
      args: sqlArguments({ parts, useList, path }),
      env: offlineEnvironment,
      signal,
    });
    const scanner = new StatementScanner(keptOfStatement);
    const found = namesFound();
    for await (const chunk of child.stdout as AsyncIterable<Buffer>)
      for (let at = scanner.scan(chunk, 0); at !== -1; at = scanner.scan(chunk, at))
        found.take(scanner.takeStatement());
    const { code } = await child.exited;
    signal.throwIfAborted();
    return code === 0 ? found.needs() : undefined;
  });
}

/** A function of a hundred arguments and the owner behind them. */
const keptOfStatement = 64 * 1024;

const identifier = String.raw`(?:"(?:[^"]|"")+"|[A-Za-z_\x80-\xff][A-Za-z0-9_$\x80-\xff]*)`;
const role = `(${identifier})`;
/** `GRANT` and `REVOKE` name the roles last. What is granted on may be called anything, but then it is quoted. */
const unquoted = `(?:[^"]|"(?:[^"]|"")*")*?`;

type Pattern = {
  readonly kind: 'roles' | 'tablespaces' | 'extensions';
  readonly as: string;
  readonly pattern: RegExp;
};
const of = (kind: Pattern['kind'], as: string, text: string): Pattern => ({
  kind,
  as,
  pattern: new RegExp(text, 's'),
});

/** All that fit count; of each the last group is one name, or several with commas between. */
const patterns: readonly Pattern[] = [
  of('roles', 'owner', `^ALTER ${unquoted} OWNER TO ${role}$`),
  of('roles', 'owner', `^CREATE SCHEMA ${unquoted} AUTHORIZATION ${role}`),
  of('roles', 'grant', `^GRANT ${unquoted} TO ${role}(?: WITH GRANT OPTION)?(?: GRANTED BY .*)?$`),
  of('roles', 'grant', `^REVOKE ${unquoted} FROM ${role}(?: CASCADE)?$`),
  of('roles', 'grant', `^SET SESSION AUTHORIZATION ${role}$`),
  of('roles', 'default privileges', `^ALTER DEFAULT PRIVILEGES FOR ROLE ${role} `),
  of(
    'roles',
    'default privileges',
    `^ALTER DEFAULT PRIVILEGES ${unquoted} (?:TO|FROM) ${role}(?: WITH GRANT OPTION)?$`,
  ),
  of(
    'roles',
    'policy',
    `^CREATE POLICY ${unquoted} TO (${identifier}(?:, ${identifier})*)(?= USING | WITH CHECK |$)`,
  ),
  of('roles', 'user mapping', `^CREATE USER MAPPING FOR ${role} SERVER `),
  of('roles', 'database setting', `^ALTER ROLE ${role} IN DATABASE `),
  of('extensions', 'extension', `^CREATE EXTENSION IF NOT EXISTS ${role}`),
  of('tablespaces', 'table', `^SET default_tablespace = ${role}$`),
  of('tablespaces', 'database', `^CREATE DATABASE ${unquoted} TABLESPACE = ${role}`),
];

/** Words in the place of a role that name none (gram.y, RoleSpec), and what every server has. */
const noNames: ReadonlySet<string> = new Set(['PUBLIC', 'DEFAULT', 'pg_database_owner']);

function namesFound(): { readonly take: (statement: string) => void; readonly needs: () => Named } {
  const uses = {
    roles: new Map<string, Set<string>>(),
    tablespaces: new Map<string, Set<string>>(),
    extensions: new Map<string, Set<string>>(),
  };
  let decode = nameDecoder('UTF8');
  const add = (kind: Pattern['kind'], written: string, as: string): void => {
    if (noNames.has(written)) return;
    const name = decode(Buffer.from(unquoteIdentifier(written), 'latin1'));
    const known = uses[kind].get(name);
    if (known === undefined) uses[kind].set(name, new Set([as]));
    else known.add(as);
  };
  return {
    take: (statement) => {
      const declared = declaredEncoding(statement);
      if (declared !== undefined) decode = nameDecoder(declared);
      for (const { kind, as, pattern } of patterns) {
        const names = pattern.exec(statement)?.[1] ?? '';
        for (const [written] of names.matchAll(new RegExp(identifier, 'gs'))) add(kind, written, as);
      }
    },
    needs: () => ({
      roles: listed(uses.roles),
      tablespaces: listed(uses.tablespaces),
      extensions: [...uses.extensions.keys()],
    }),
  };
}

function listed(uses: ReadonlyMap<string, ReadonlySet<string>>): Needs['roles'] {
  return [...uses].map(([name, as]) => ({ name, as: [...as] }));
}
