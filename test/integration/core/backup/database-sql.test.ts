import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { storedFile } from '../../../../core/backup/make-manifest.ts';
import { parseId } from '../../../../core/manifest/backup-id.ts';
import { parseManifest, serialize } from '../../../../core/manifest/manifest.ts';
import type { Verification } from '../../../../core/manifest/verification.ts';
import { childEnvironment } from '../../../../core/postgres/connect/child-environment.ts';
import type { ConnectionParameters } from '../../../../core/postgres/connect/parameters.ts';
import { readObjects } from '../../../../core/postgres/objects/read-objects.ts';
import { chooseTools, toolPath } from '../../../../core/postgres/programs/tools.ts';
import type { PrivateServer } from '../../../../core/postgres/server/private-server.ts';
import { wholeBackup } from '../../../../core/restore/request.ts';
import { restoreBackup } from '../../../../core/restore/restore.ts';
import { temporaryScratch } from '../../../../core/scratch/scratch.ts';
import type { Store } from '../../../../core/store/store.ts';
import type { Format } from '../../../../core/vocabulary.ts';
import { realTools, runBackup, verifyNow, withFileStore } from '../../../support/backup/run.ts';
import { findTools, startServer } from '../../../support/postgres/programs.ts';
import { newestMajor, runSql, withClient } from '../../../support/postgres/servers.ts';

/*
 * Plain SQL says nothing of the database itself, and of some databases no archive can: what they are set to lies beside
 * the archive, in SQL.
 */

const major = newestMajor();
let source: PrivateServer;
let target: PrivateServer;
beforeAll(async () => {
  [source, target] = await Promise.all([startServer({ major }), startServer({ major })]);
}, 60_000);
afterAll(async () => {
  await Promise.all([source.stop(), target.stop()]);
});

const roles = 'create role owner; create role reader; create role "odd ""one"';
const settings = (name: string): string => `alter database ${name} owner to owner;
  alter database ${name} set search_path = "$user", public, "a, b"; alter database ${name} set app.path = 'C:\\temp ''x''';
  alter role reader in database ${name} set work_mem = '5MB'; alter database ${name} connection limit 9;
  comment on database ${name} is 'it''s ours'; revoke temporary on database ${name} from public;
  grant create on database ${name} to "odd ""one" with grant option`;

type Backup = {
  readonly store: Store;
  readonly id: string;
  readonly path: (name: string) => string;
  readonly verify: () => Promise<Verification>;
  /** Puts another text in the place of database.sql, as if it had been stored so. */
  readonly replaceSql: (change: (sql: string) => string) => Promise<void>;
};

async function withBackup(
  { database, format, sql }: { readonly database: string; readonly format: Format; readonly sql: string },
  use: (backup: Backup, parameters: ConnectionParameters) => Promise<void>,
): Promise<void> {
  const parameters = { ...source.parameters, database };
  await runSql(parameters, sql);
  await withFileStore(async (store, _files, directory) => {
    const { databases } = await runBackup(parameters, store, { format }).outcome;
    const [done] = databases;
    if (done?.status !== 'done') throw new Error(JSON.stringify(databases));
    const path = (name: string): string => join(directory, ...done.id.split('/'), name);
    const verify = (): Promise<Verification> => verifyNow(store, done.id, 'restore');
    const replaceSql = async (change: (sql: string) => string): Promise<void> => {
      const content = Buffer.from(change(await readFile(path('database.sql'), 'utf8')));
      await writeFile(path('database.sql'), content);
      const manifest = parseManifest(await readFile(path('manifest.json')), 'manifest');
      const objects = manifest.objects.filter(({ role }) => role !== 'database');
      objects.push(storedFile('database', 'database.sql', content));
      await writeFile(path('manifest.json'), serialize({ ...manifest, objects }));
    };
    await use({ store, id: done.id, path, verify, replaceSql }, parameters);
  });
}

const told = ({ verdict, checks }: Verification): string =>
  [verdict, ...checks.filter(({ status }) => status !== 'passed').map(({ detail }) => detail)].join(': ');
const schemaOf = ({ checks }: Verification): string | undefined =>
  checks.find(({ name }) => name === 'schema')?.detail;

/** What the catalogs say of the database itself. */
async function itself(parameters: ConnectionParameters): Promise<unknown> {
  const objects = await withClient(parameters, (client) => readObjects(client));
  return objects.filter(({ type }) => type.startsWith('database'));
}

describe('a backup in plain SQL', () => {
  test('brings the database itself, is compared in it, and restored with it', async () => {
    await runSql(source.parameters, roles);
    await runSql(source.parameters, 'create database app');
    const sql = `create table t as select 1 as a; ${settings('app')}`;
    await withBackup({ database: 'app', format: 'plain', sql }, async (backup, parameters) => {
      const verification = await backup.verify();
      expect(told(verification)).toBe('proven');
      expect(schemaOf(verification)).not.toContain('but for');
      expect(verification.notCompared).toBeUndefined();

      const manifest = parseManifest(await readFile(backup.path('manifest.json')), 'manifest');
      const { signal } = new AbortController();
      await restoreBackup(
        {
          id: parseId(backup.id),
          database: 'app',
          create: true,
          intoNonEmpty: false,
          selection: wholeBackup,
          applyGlobals: true,
        },
        {
          store: backup.store,
          manifest,
          target: target.parameters,
          tools: async (wanted) => chooseTools(await findTools(), wanted),
          clock: () => new Date(),
          scratch: temporaryScratch(),
          signal,
        },
      );
      const restored = { ...target.parameters, database: 'app' };
      expect(await itself(restored)).toEqual(await itself(parameters));

      // By hand, with psql.
      await runSql(target.parameters, 'drop database app');
      await runSql(target.parameters, 'create database app');
      const psql = toolPath(await realTools(major), 'psql');
      const args = [
        '--no-psqlrc',
        '--quiet',
        '--set=ON_ERROR_STOP=1',
        '--dbname=app',
        `--file=${backup.path('database.sql')}`,
      ];
      await promisify(execFile)(psql, args, { env: childEnvironment(restored) });
      expect(await itself(restored)).toEqual(await itself(parameters));

      await backup.replaceSql(
        (text) =>
          `${text.replace('CONNECTION LIMIT 9', 'CONNECTION LIMIT 8')}ALTER ROLE "reader" SUPERUSER;\n`,
      );
      expect(told(await backup.verify())).toMatch(
        /^failed: database\.sql holds what is not about this database.*: database app is not as at the source$/,
      );
    });
  });

  test('of a version before says that the database itself was not compared', async () => {
    await runSql(source.parameters, 'create database old');
    const sql = "create table t as select 1 as a; alter database old set work_mem = '7MB'";
    await withBackup({ database: 'old', format: 'plain', sql }, async ({ path, verify }) => {
      const manifest = parseManifest(await readFile(path('manifest.json')), 'manifest');
      const objects = manifest.objects.filter(({ role }) => role !== 'database');
      await writeFile(path('manifest.json'), serialize({ ...manifest, objects }));
      await rm(path('database.sql'));
      const verification = await verify();
      expect(told(verification)).toBe('proven');
      expect(schemaOf(verification)).toContain('but for owner, grants and settings of the database itself');
      expect(verification.notCompared).toEqual([
        'owner, grants and settings of the database itself: they were not restored',
      ]);
    });
  });
});

test('a database whose name its own archive cannot write is described beside it', async () => {
  const database = 'käse';
  // Names that all databases share keep the bytes of the session that gave them; one in Latin-1 sees these as others.
  await runSql(source.parameters, 'create role dairy');
  await runSql(
    source.parameters,
    `create database "${database}" template template0 encoding 'LATIN1' locale 'C'`,
  );
  const sql = `create table t as select 'ü' as a; comment on database "k\u00c3\u00a4se" is 'für alle';
    alter database "k\u00c3\u00a4se" owner to dairy; alter database "k\u00c3\u00a4se" set app.name = 'grün'`;
  await withBackup({ database, format: 'custom', sql }, async ({ verify }) => {
    const verification = await verify();
    expect([told(verification), verification.notCompared]).toEqual(['proven', undefined]);
  });
});
