import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type BackupId, formatId } from '../../../core/manifest/backup-id.ts';
import { type Manifest, parseManifest, serialize, type TableRows } from '../../../core/manifest/manifest.ts';
import { childEnvironment } from '../../../core/postgres/connect/child-environment.ts';
import type { ConnectionParameters } from '../../../core/postgres/connect/parameters.ts';
import { quoteConninfo } from '../../../core/postgres/libpq/conninfo.ts';
import { qualifiedName } from '../../../core/postgres/names.ts';
import { type PostgresTools, toolPath } from '../../../core/postgres/programs/tools.ts';
import { assertExitedWell } from '../../../core/process/child-failed.ts';
import { startChild } from '../../../core/process/run-child.ts';
import type { Format } from '../../../core/vocabulary.ts';
import { withClient } from '../postgres/servers.ts';

/** A backup in a file store's directory, made without the backup use case so that tests can damage it. */
export type BackupFixture = {
  readonly id: BackupId;
  /** The store's directory. */
  readonly directory: string;
  /** Where an object of the backup lies. */
  path(name: string): string;
  manifest(): Promise<Manifest>;
  editManifest(change: (manifest: Manifest) => Manifest): Promise<void>;
  /** Records size and hash of what lies there now: as if the backup had been made so. */
  rehash(): Promise<void>;
};

export type FixtureContent = {
  readonly id: BackupId;
  readonly directory: string;
  readonly format: Format;
  readonly tables: readonly TableRows[];
  /** Contents by name; none where they lie there already. */
  readonly objects?: Readonly<Record<string, string | Buffer>>;
  readonly pgDump?: string;
  readonly encoding?: string;
};

/** Writes objects and a manifest that describes them truly. */
export async function writeBackup(content: FixtureContent): Promise<BackupFixture> {
  const { id, directory, format, tables, objects = {}, pgDump = '17.0', encoding = 'UTF8' } = content;
  const root = join(directory, ...formatId(id).split('/'));
  const fixture = fixtureAt(id, directory, root);
  for (const [name, bytes] of Object.entries(objects)) {
    await mkdir(dirname(fixture.path(name)), { recursive: true });
    await writeFile(fixture.path(name), bytes);
  }
  const manifest: Manifest = {
    formatVersion: 1,
    id: formatId(id),
    source: id.source,
    database: id.database,
    startedAt: id.startedAt.toISOString(),
    finishedAt: id.startedAt.toISOString(),
    server: {
      version: pgDump,
      versionNum: Number.parseInt(pgDump, 10) * 10_000,
      encoding,
      inRecovery: false,
    },
    dump: { pgDump, format, compression: 'none', jobs: 1, snapshot: '00000003-0000001B-1' },
    globals: { rolePasswords: true },
    objects: await describeObjects(root),
    tables: [...tables],
    extensions: [],
    databaseBytes: 0,
    pgproof: '0.1.0',
  };
  await writeFile(fixture.path('manifest.json'), serialize(manifest));
  return fixture;
}

/** Dumps a real database into a backup, and counts its rows. Nobody may write to it meanwhile. */
export async function dumpBackup(options: {
  readonly id: BackupId;
  readonly directory: string;
  readonly tools: PostgresTools;
  readonly parameters: ConnectionParameters;
  readonly format: Format;
  /** pg_dump's `--compress`. */
  readonly compress?: string;
}): Promise<BackupFixture> {
  const { id, directory, tools, parameters, format, compress } = options;
  const root = join(directory, ...formatId(id).split('/'));
  const ending = compress?.startsWith('zstd')
    ? '.zst'
    : compress !== undefined && compress !== '0'
      ? '.gz'
      : '';
  const name = {
    custom: 'archive.dump',
    tar: 'archive.tar',
    directory: 'archive',
    plain: `archive.sql${ending}`,
  }[format];
  await mkdir(root, { recursive: true });
  const args = [
    `--format=${format}`,
    `--file=${join(root, name)}`,
    `--dbname=${quoteConninfo(parameters.database)}`,
  ];
  if (compress !== undefined) args.push(`--compress=${compress}`);
  const child = startChild({ file: toolPath(tools, 'pg_dump'), args, env: childEnvironment(parameters) });
  child.stdout.resume();
  assertExitedWell('pg_dump', await child.exited);
  await writeFile(join(root, 'globals.sql'), '-- roles\n');
  const { tables, encoding } = await withClient(parameters, async (client) => {
    const { rows: names } = await client.query<{ schema: string; name: string }>(
      `select n.nspname as schema, c.relname as name from pg_class c join pg_namespace n on n.oid = relnamespace
        where relkind = 'r' and nspname <> 'information_schema' and nspname !~ '^pg_'`,
    );
    const counted: TableRows[] = [];
    for (const table of names) {
      const { rows } = await client.query<{ n: string }>(
        `select count(*) as n from only ${qualifiedName(table)}`,
      );
      counted.push({ ...table, rows: Number(rows[0]?.n) });
    }
    const { rows } = await client.query<{ server_encoding: string }>('show server_encoding');
    return { tables: counted, encoding: rows[0]?.server_encoding ?? 'UTF8' };
  });
  return await writeBackup({ id, directory, format, tables, encoding, pgDump: tools.version });
}

/** The same backup once more, in a store of its own, to be damaged. */
export async function copyBackup(fixture: BackupFixture, directory: string): Promise<BackupFixture> {
  await rm(directory, { recursive: true, force: true });
  await cp(fixture.directory, directory, { recursive: true });
  return fixtureAt(fixture.id, directory, join(directory, ...formatId(fixture.id).split('/')));
}

function fixtureAt(id: BackupId, directory: string, root: string): BackupFixture {
  const path = (name: string): string => join(root, name);
  const manifest = async (): Promise<Manifest> =>
    parseManifest(await readFile(path('manifest.json')), 'the fixture');
  const editManifest = async (change: (manifest: Manifest) => Manifest): Promise<void> =>
    writeFile(path('manifest.json'), serialize(change(await manifest())));
  const rehash = async (): Promise<void> => {
    const objects = await describeObjects(root);
    await editManifest((before) => ({ ...before, objects }));
  };
  return { id, directory, path, manifest, editManifest, rehash };
}

async function describeObjects(root: string): Promise<Manifest['objects']> {
  const objects: Manifest['objects'] = [];
  for (const name of (await readdir(root, { recursive: true })).sort()) {
    if (['manifest.json', 'verification.json'].includes(name) || (await stat(join(root, name))).isDirectory())
      continue;
    const bytes = await readFile(join(root, name));
    objects.push({
      role: name === 'globals.sql' ? 'globals' : name === 'database.sql' ? 'database' : 'archive',
      name,
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    });
  }
  return objects;
}
