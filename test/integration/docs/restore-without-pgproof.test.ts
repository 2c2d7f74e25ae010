import { execFile } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, test, vi } from 'vitest';
import { childEnvironment } from '../../../core/postgres/connect/child-environment.ts';
import { optionsOf, restoreSettings } from '../../../core/postgres/connect/restore-settings.ts';
import { chooseBackup } from '../../../core/restore/choose-backup.ts';
import { openStore } from '../../../core/store/open-store.ts';
import { withAwsServer } from '../../support/aws/server.ts';
import { realTools, runBackup, withDirectory } from '../../support/backup/run.ts';
import { documentedLines } from '../../support/cases/by-hand.ts';
import { newestMajor, runSql, withDatabase, withOwnServer } from '../../support/postgres/servers.ts';

const run = promisify(execFile);
afterEach(() => {
  vi.unstubAllEnvs();
});
const repository = join(import.meta.dirname, '../../..');

/**
 * The AWS command line where the machine has none: `aws s3 cp --recursive FROM TO` with the SDK, no byte of it through
 * pgproof.
 */
const standIn = `#!${process.execPath}
const { createRequire } = require('node:module');
const { mkdirSync, writeFileSync } = require('node:fs');
const { dirname, join } = require('node:path');
const { S3Client, ListObjectsV2Command, GetObjectCommand } = createRequire(${JSON.stringify(join(repository, 'package.json'))})('@aws-sdk/client-s3');
const [service, verb, recursive, from, to] = process.argv.slice(2);
if (service !== 's3' || verb !== 'cp' || recursive !== '--recursive') throw new Error('not known here: ' + process.argv.slice(2));
const { hostname: Bucket, pathname } = new URL(from);
const Prefix = decodeURIComponent(pathname.slice(1));
(async () => {
  const client = new S3Client({ forcePathStyle: true });
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket, Prefix }));
  for (const { Key } of Contents) {
    const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
    const file = join(to, Key.slice(Prefix.length));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, await Body.transformToByteArray());
  }
})();
`;

async function hasAwsCommand(): Promise<boolean> {
  return await run('aws', ['--version']).then(
    () => true,
    () => false,
  );
}

const shop = `create table orders (id int primary key, note text); create index on orders (note);
  insert into orders select i, 'n' || i from generate_series(1, 700) i; create view few as select * from orders where id < 9;
  create materialized view notes as select array[note, null] as note from orders;
  create function no_ddl() returns event_trigger language plpgsql as $$ begin raise exception 'no % here', tg_tag; end $$;
  create event trigger forbid on ddl_command_start execute function no_ddl();
  comment on event trigger forbid is 'after all others'`;

test('the lines of README.md restore a backup with nothing of pgproof', () =>
  withDatabase(newestMajor(), { sql: shop }, ({ parameters }) =>
    withAwsServer({ buckets: ['my-bucket'] }, async (aws) => {
      const store = openStore('s3://my-bucket/postgres', {
        endpoint: aws.environment.AWS_ENDPOINT_URL_S3 ?? aws.environment.AWS_ENDPOINT_URL,
        forcePathStyle: true,
      });
      for (const [name, value] of Object.entries(aws.environment)) vi.stubEnv(name, value);
      await runSql(parameters, `alter database ${parameters.database} set array_nulls = off`);
      const { databases } = await runBackup(parameters, store).outcome;
      const [taken] = databases;
      if (taken?.status !== 'done') throw new Error(JSON.stringify(taken));
      const { manifest } = await chooseBackup(store, taken.id);

      await withDirectory(async (directory) => {
        const { directory: programs } = await realTools(newestMajor());
        const path = [directory, programs, process.env.PATH].join(delimiter);
        if (!(await hasAwsCommand())) {
          await writeFile(join(directory, 'aws'), standIn);
          await chmod(join(directory, 'aws'), 0o755);
        }
        const commands = await documentedLines();
        const sample = /s3:\/\/my-bucket\/postgres\/\S+?Z\//;
        expect(commands).toMatch(sample);
        // The settings are those that verify and `pgproof restore` use.
        expect(commands).toContain(`export PGOPTIONS='${optionsOf(restoreSettings)}'\n`);
        const script = commands
          .replace(sample, `s3://my-bucket/postgres/${taken.id}/`)
          .replace('--dbname=app ', `--dbname=${parameters.database} `);
        expect(script).toContain(`--dbname=${parameters.database} `);
        await withOwnServer(newestMajor(), {}, async ({ parameters: target }) => {
          const env = { ...childEnvironment(target), ...aws.environment, PATH: path, HOME: directory };
          const { stdout } = await run('bash', ['-e', '-c', script], { cwd: directory, env });
          expect(stdout).toContain(
            manifest.objects.find(({ role }) => role === 'archive')?.sha256 ?? 'no archive',
          );
          const restored = { ...target, database: parameters.database };
          const count =
            'select (select count(*) from orders)::int as orders, (select count(*) from few)::int as few';
          expect(await runSql(restored, count)).toEqual(await runSql(parameters, count));
          const dumps = await Promise.all(
            [parameters, restored].map(async (one) => {
              const args = ['--no-owner', `--dbname=${one.database}`];
              const { stdout: text } = await run(join(programs, 'pg_dump'), args, {
                env: childEnvironment(one),
              });
              return text.replace(/^\\(un)?restrict .*$/gm, '');
            }),
          );
          expect(dumps[1]).toBe(dumps[0]);
        });
      });
    }),
  ));
