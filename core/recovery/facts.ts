import type { DatabaseLocale, Manifest } from '../manifest/manifest.ts';
import { canCreateItself } from '../postgres/pg-restore/new-database.ts';

/** What a note tells of the backups of a database: nothing that changes from night to night. */
export type NoteFacts = {
  readonly source: string;
  readonly database: string;
  /** `db.example.com:5432`; undefined where it was not recorded. */
  readonly server: string | undefined;
  readonly systemIdentifier: string | undefined;
  /** Of the server, and of pg_dump where that is newer: the programs must not be older. */
  readonly major: number;
  readonly serverMajor: number;
  readonly format: Manifest['dump']['format'];
  readonly compression: string;
  readonly encoding: string;
  readonly locale: DatabaseLocale | undefined;
  readonly extensions: readonly string[];
  readonly roles: readonly string[];
  readonly tablespaces: readonly string[];
  readonly hasPasswords: boolean;
  readonly isPartial: boolean;
  /** Whether the archive can make its database under its own name. */
  readonly makesItself: boolean;
};

/** Of the newest backup, as its manifest has it. */
export function factsOf(manifest: Manifest): NoteFacts {
  const { source, database, server, dump, globals, extensions } = manifest;
  const serverMajor = Math.floor(server.versionNum / 10_000);
  const dumpMajor = Number.parseInt(dump.pgDump, 10);
  const port = server.port === undefined ? '' : `:${server.port}`;
  return {
    source,
    database,
    server: server.host === undefined ? undefined : `${server.host}${port}`,
    systemIdentifier: server.systemIdentifier,
    major: Math.max(serverMajor, Number.isNaN(dumpMajor) ? 0 : dumpMajor),
    serverMajor,
    format: dump.format,
    compression: dump.compression,
    encoding: server.encoding,
    locale: server.locale,
    extensions: extensions.map(({ name }) => name).sort(),
    roles: [...(globals.roles ?? [])].sort(),
    tablespaces: [...(globals.tablespaces ?? [])].sort(),
    hasPasswords: globals.rolePasswords,
    isPartial: manifest.partial === true,
    makesItself: canCreateItself(manifest),
  };
}
