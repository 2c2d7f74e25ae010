import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runBackup, withFileStore } from '../../support/backup/run.ts';
import { type Cli, openCli } from '../../support/cli/run.ts';
import { newestMajor, runSql, uniqueName, withDatabase } from '../../support/postgres/servers.ts';

let cli: Cli;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(async () => {
  await cli.close();
});

type Document = Record<string, unknown>;

const shop = 'create table orders (id int primary key); insert into orders select generate_series(1, 30)';

test('a backup of the first versions is listed, shown, proven, looked into and restored', () =>
  withDatabase(newestMajor(), { sql: shop }, (database) =>
    withFileStore(async (store, _files, directory) => {
      const { databases } = await runBackup(database.parameters, store).outcome;
      const [result] = databases;
      if (result?.status !== 'done') throw new Error(JSON.stringify(result));
      const { id } = result;
      const path = join(directory, id, 'manifest.json');
      const manifest = JSON.parse(await readFile(path, 'utf8')) as Record<string, Document>;
      // What those wrote; everything that came later is optional.
      const {
        formatVersion,
        source,
        startedAt,
        finishedAt,
        objects,
        tables,
        extensions,
        databaseBytes,
        pgproof,
      } = manifest;
      const { version, versionNum, encoding, inRecovery } = manifest.server ?? {};
      const { pgDump, format, compression, jobs, snapshot } = manifest.dump ?? {};
      const old = {
        ...{ formatVersion, id, source, database: database.name, startedAt, finishedAt },
        server: { version, versionNum, encoding, inRecovery },
        dump: { pgDump, format, compression, jobs, snapshot },
        globals: { rolePasswords: true },
        ...{ objects, tables, extensions, databaseBytes, pgproof },
      };
      await writeFile(path, `${JSON.stringify(old, null, 2)}\n`);
      await rm(join(directory, id, 'summary.json'));

      const run = (...args: string[]): ReturnType<Cli['run']> =>
        cli.run([...args, '--store', `file://${directory}`]);
      const latest = `${id.split('/').slice(0, 2).join('/')}/latest`;
      expect(await run('list')).toMatchObject({ status: 0, stdout: expect.stringContaining(id) });
      expect(await run('show', latest)).toMatchObject({
        status: 0,
        stdout: expect.stringContaining('30 in 1'),
      });
      const verified = await run('verify', latest, '--level', 'restore');
      expect(verified).toMatchObject({ status: 0, stdout: expect.stringContaining('proven (restore)') });
      const looked = await run('shell', latest, '-c', 'copy (select count(*) from orders) to stdout');
      expect(looked).toMatchObject({ status: 0, stdout: '30\n' });
      const name = uniqueName('old');
      try {
        const to = new URL(database.url);
        to.pathname = `/${name}`;
        const restored = await run('restore', latest, '--to', to.href, '--create');
        expect(restored).toMatchObject({
          status: 0,
          stdout: expect.stringMatching(/orders +30 +30 +as recorded/),
        });
      } finally {
        await runSql(database.server.parameters, `drop database if exists ${name}`);
      }
    }),
  ));
