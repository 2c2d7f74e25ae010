import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseId } from '../../../../core/manifest/backup-id.ts';
import { parseManifest } from '../../../../core/manifest/manifest.ts';
import {
  dropIncomplete,
  incompleteSince,
  markIncomplete,
} from '../../../../core/postgres/pg-restore/incomplete-mark.ts';
import { chooseTools } from '../../../../core/postgres/programs/tools.ts';
import { wholeBackup } from '../../../../core/restore/request.ts';
import { restoreBackup } from '../../../../core/restore/restore.ts';
import { temporaryScratch } from '../../../../core/scratch/scratch.ts';
import { runBackup, withFileStore } from '../../../support/backup/run.ts';
import { findTools } from '../../../support/postgres/programs.ts';
import {
  newestMajor,
  runSql,
  uniqueName,
  withClient,
  withDatabase,
} from '../../../support/postgres/servers.ts';

test.each([
  // The archive makes it itself, under its own name; under another one pgproof does.
  { isOwnName: true, keepGoing: false },
  { isOwnName: true, keepGoing: true },
  { isOwnName: false, keepGoing: false },
])(
  'what somebody made while the archive was fetched is neither filled, nor marked, nor dropped: %o',
  async ({ isOwnName, keepGoing }) =>
    withDatabase(newestMajor(), { sql: 'create table t as select 1 as i' }, ({ name, server, parameters }) =>
      withFileStore(async (store, _files, directory) => {
        const { databases } = await runBackup(parameters, store).outcome;
        const [done] = databases;
        if (done?.status !== 'done') throw new Error(JSON.stringify(databases));
        const path = join(directory, ...done.id.split('/'), 'manifest.json');
        const manifest = parseManifest(await readFile(path), path);
        const database = isOwnName ? name : uniqueName('lost');
        await runSql(server.parameters, `drop database ${name}`);
        for (const replaceIncomplete of [false, true]) {
          const failure = await restoreBackup(
            {
              id: parseId(done.id),
              database,
              create: true,
              replaceIncomplete,
              intoNonEmpty: false,
              keepGoing,
              selection: wholeBackup,
              applyGlobals: false,
            },
            {
              store,
              manifest,
              target: server.parameters,
              tools: async (major) => chooseTools(await findTools(), major),
              clock: () => new Date(),
              scratch: temporaryScratch(),
              signal: new AbortController().signal,
              beforeFetching: async () => {
                await runSql(server.parameters, `drop database if exists ${database}`);
                await runSql(server.parameters, `create database ${database} connection limit 7`);
                const theirs = { ...server.parameters, database };
                await runSql(theirs, 'create table theirs (i int)');
              },
            },
          ).then(
            () => undefined,
            (error: unknown) => error,
          );
          expect(failure).toMatchObject({
            name: 'TargetRefused',
            message: expect.stringContaining('was not made by this restore'),
          });
          const tables = `select tablename as name from pg_tables where schemaname = 'public'`;
          const theirs = { ...server.parameters, database };
          expect(await runSql(theirs, tables)).toEqual([{ name: 'theirs' }]);
          expect(await withClient(theirs, (client) => incompleteSince(client, database))).toBeUndefined();
          await withClient(server.parameters, (client) => markIncomplete(client, database, new Date()));
        }
        await runSql(server.parameters, `drop database ${database}`);
      }),
    ),
);

test('a mark that any role may set for itself counts for nothing', () =>
  withDatabase(newestMajor(), {}, ({ name, server }) =>
    withClient(server.parameters, async (client) => {
      const stranger = uniqueName('stranger');
      await client.query(`create role ${stranger} login; set session authorization ${stranger}`);
      expect(await markIncomplete(client, name, new Date())).toBe(true);
      await client.query('reset session authorization');
      expect(await incompleteSince(client, name)).toBeUndefined();
      expect(await dropIncomplete(client, name)).toBe(false);
      await client.query(`drop role ${stranger}`);
    }),
  ));

test('a mark counts for the database that it was set for, under the name that it had then', () =>
  withDatabase(newestMajor(), {}, ({ name, server }) =>
    withClient(server.parameters, async (client) => {
      const since = new Date('2026-11-27T20:00:00Z');
      for (const role of [undefined, uniqueName('maker')]) {
        if (role !== undefined)
          await client.query(
            `create role ${role} login; grant ${role} to current_user; alter database ${name} owner to ${role}; set session authorization ${role}`,
          );
        expect(await markIncomplete(client, name, since)).toBe(true);
        expect(await incompleteSince(client, name)).toBe(since.toISOString());
        await client.query('reset session authorization');
        const [mark] = (
          await client.query<{ name: string; value: string }>(
            `select split_part(item, '=', 1) as name, substr(item, strpos(item, '=') + 1) as value
               from pg_db_role_setting, unnest(setconfig) item
              where setdatabase = (select oid from pg_database where datname = $1)`,
            [name],
          )
        ).rows;
        // Cut off it would mean nothing.
        expect(Buffer.byteLength(mark?.value ?? '')).toBeLessThanOrEqual(63);
        // It was taken into use under another name, as in a swap.
        const used = `${name}_used`;
        await client.query(`alter database ${name} rename to ${used}`);
        expect(await incompleteSince(client, used)).toBeUndefined();
        expect(await dropIncomplete(client, used)).toBe(false);
        // A dump of it brought the setting along.
        await client.query(`create database ${name}`);
        await client.query(
          `alter role current_user in database ${name} set ${mark?.name} = '${mark?.value}'`,
        );
        expect(await incompleteSince(client, name)).toBeUndefined();
        expect(await dropIncomplete(client, name)).toBe(false);
        await client.query(`drop database ${name}`);
        await client.query(`alter database ${used} rename to ${name}`);
        await client.query(`alter role ${role ?? 'current_user'} in database ${name} reset all`);
        if (role !== undefined)
          await client.query(`alter database ${name} owner to current_user; drop role ${role}`);
      }
    }),
  ));
