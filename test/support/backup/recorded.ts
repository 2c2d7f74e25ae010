import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BackupId, formatId } from '../../../core/manifest/backup-id.ts';
import { childEnvironment } from '../../../core/postgres/connect/child-environment.ts';
import type { ConnectionParameters } from '../../../core/postgres/connect/parameters.ts';
import { dumpGlobals } from '../../../core/postgres/dump/dump-globals.ts';
import { readDatabaseLocale } from '../../../core/postgres/facts/database-locale.ts';
import { fingerprintsOf } from '../../../core/postgres/facts/table-fingerprint.ts';
import { countLargeObjects, readObjects } from '../../../core/postgres/objects/read-objects.ts';
import { type PostgresTools, toolPath } from '../../../core/postgres/programs/tools.ts';
import type { Format } from '../../../core/vocabulary.ts';
import { withClient } from '../postgres/servers.ts';
import { type BackupFixture, dumpBackup } from './made-up.ts';

export type RecordedOptions = {
  readonly directory: string;
  readonly tools: PostgresTools;
  readonly parameters: ConnectionParameters;
  readonly source?: string;
  readonly format?: Format;
  readonly compress?: string;
  /** With hashes of the tables' content. */
  readonly fingerprint?: boolean;
};

/** A backup whose manifest records everything that a verification by restore compares with. */
export async function recordBackup(options: RecordedOptions): Promise<BackupFixture> {
  const {
    directory,
    tools,
    parameters,
    source = 'test',
    format = 'custom',
    compress = '0',
    fingerprint,
  } = options;
  const { signal } = new AbortController();
  const startedAt = new Date(Math.floor(Date.now() / 1_000) * 1_000);
  const id: BackupId = { source, database: parameters.database, startedAt };
  const backup = await dumpBackup({ id, directory, tools, parameters, format, compress });
  const globals = await dumpGlobals(
    {
      program: toolPath(tools, 'pg_dumpall'),
      database: parameters.database,
      encoding: 'UTF8',
      others: async () => [],
      env: childEnvironment(parameters),
      redact: (text) => text,
      signal,
    },
    { wanted: false, mayRead: false },
  );
  await writeFile(join(directory, ...formatId(id).split('/'), 'globals.sql'), globals.sql);
  await backup.rehash();
  const facts = await withClient(parameters, async (client) => {
    const ask = async <T>(sql: string): Promise<T[]> =>
      (await client.query<{ value: T }>(sql)).rows.map(({ value }) => value);
    const [databaseBytes] = await ask<string>('select pg_database_size(current_database()) as value');
    const [versionNum] = await ask<string>("select current_setting('server_version_num') as value");
    const [bootstrapRole] = await ask<string>('select rolname as value from pg_roles where oid = 10');
    return {
      databaseBytes: Number(databaseBytes),
      versionNum: Number(versionNum),
      ...(bootstrapRole === undefined ? {} : { bootstrapRole }),
      roles: await ask<string>("select rolname as value from pg_roles where rolname !~ '^pg_'"),
      tablespaces: await ask<string>("select spcname as value from pg_tablespace where spcname !~ '^pg_'"),
      extensions: await ask<{ name: string; version: string }>(
        "select json_build_object('name', extname, 'version', extversion) as value from pg_extension where extname <> 'plpgsql'",
      ),
      locale: await readDatabaseLocale(client),
      largeObjects: await countLargeObjects(client),
      catalog: await readObjects(client),
      ...(fingerprint ? { tables: await fingerprintsOf(client, { signal }) } : {}),
    };
  });
  const { databaseBytes, versionNum, locale, largeObjects, catalog, extensions, tables, ...roles } = facts;
  await backup.editManifest((manifest) => ({
    ...manifest,
    startedAt: startedAt.toISOString(),
    finishedAt: new Date().toISOString(),
    server: { ...manifest.server, versionNum, locale },
    globals: { rolePasswords: false, ...roles },
    databaseBytes,
    extensions,
    largeObjects,
    catalog,
    catalogHasUses: true,
    ...(tables === undefined ? {} : { tables }),
  }));
  return backup;
}
