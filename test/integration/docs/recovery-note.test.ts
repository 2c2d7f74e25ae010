import { execFile } from 'node:child_process';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterEach, expect, test, vi } from 'vitest';
import type { BackupPlan } from '../../../core/backup/plan.ts';
import { recoveryNoteKey } from '../../../core/manifest/recovery-note.ts';
import { childEnvironment } from '../../../core/postgres/connect/child-environment.ts';
import type { ConnectionParameters } from '../../../core/postgres/connect/parameters.ts';
import { quoteConninfo } from '../../../core/postgres/libpq/conninfo.ts';
import { fileStore } from '../../../core/store/file/file-store.ts';
import { openStore } from '../../../core/store/open-store.ts';
import { readSmall, type Store } from '../../../core/store/store.ts';
import { withAwsServer } from '../../support/aws/server.ts';
import { realTools, runBackup, verifyNow, withDirectory } from '../../support/backup/run.ts';
import {
  newestMajor,
  outerMajors,
  runSql,
  withDatabase,
  withOwnServer,
} from '../../support/postgres/servers.ts';
import { debianPath, followNote, withAwsCommand } from '../../support/recovery/by-note.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

const shop = `create table orders (id int primary key, note text, paid timestamptz default '2026-01-01 00:00');
  insert into orders select i, 'n' || i from generate_series(1, 700) i; create index on orders (note);
  create view few as select * from orders where id < 9; create sequence s start 7; select nextval('s');
  create materialized view notes as select array[note, null] as note from orders;
  create function no_ddl() returns event_trigger language plpgsql as $$ begin raise exception 'no % here', tg_tag; end $$;
  create event trigger forbid on ddl_command_start execute function no_ddl();
  comment on event trigger forbid is 'after all others'`;

/** Backs up with a note, and verifies, so that there is a good one. */
async function backedUp(
  parameters: ConnectionParameters,
  store: Store,
  plan: Partial<BackupPlan> = {},
): Promise<string> {
  const { databases } = await runBackup(parameters, store, plan, {
    recovery: { write: 'current', contact: 'me, myself' },
  }).outcome;
  const [taken] = databases;
  if (taken?.status !== 'done') throw new Error(JSON.stringify(taken));
  await verifyNow(store, taken.id, 'read');
  return (
    await readSmall(store, recoveryNoteKey({ source: 'test', database: parameters.database }))
  ).toString();
}

async function dumped(
  parameters: ConnectionParameters,
  programs: string,
  more: string[] = [],
): Promise<string> {
  const args = [...more, '--no-owner', `--dbname=${quoteConninfo(parameters.database)}`];
  const { stdout } = await promisify(execFile)(join(programs, 'pg_dump'), args, {
    env: childEnvironment(parameters),
  });
  return stdout.replace(/^\\(un)?restrict .*$/gm, '');
}

const formats: Partial<BackupPlan>[] = [
  { format: 'custom' },
  { format: 'directory', jobs: 2 },
  { format: 'tar' },
  { format: 'plain' },
  { format: 'plain', compression: { method: 'gzip', level: 1 } },
];

test.each(outerMajors())(
  'who follows the note gets the database back, PostgreSQL %i, in every format',
  (major) =>
    withDatabase(major, { sql: shop }, ({ parameters }) =>
      withDirectory((directory) =>
        withOwnServer(major, {}, async ({ parameters: target }) => {
          await runSql(parameters, `alter database ${parameters.database} set array_nulls = off`);
          const { directory: programs } = await realTools(major);
          const bin = await debianPath(directory, programs);
          const all = major === newestMajor() ? formats : formats.slice(0, 1);
          for (const [index, plan] of all.entries()) {
            const place = join(directory, `it's a "store" ${index}`);
            await mkdir(place);
            const note = await backedUp(parameters, fileStore({ directory: place }), plan);
            const work = join(directory, `work ${index}`);
            await mkdir(work);
            const { stdout, stderr } = await followNote({ note, bin, work, target });
            expect(stderr).not.toMatch(/NOT RESTORED|DAMAGED|left out/);
            expect(stdout).toMatch(/Every byte is as it was stored\.[\s\S]*Restored\./);
            const restored = { ...target, database: parameters.database };
            expect(await dumped(restored, programs, ['--create']), JSON.stringify(plan)).toBe(
              await dumped(parameters, programs, ['--create']),
            );
            await runSql(target, `drop database ${pg.escapeIdentifier(parameters.database)}`);
          }
        }),
      ),
    ),
);

/** The comment comes with the database itself, of which pg_dump makes no script where its name has several lines. */
async function described(parameters: ConnectionParameters, programs: string): Promise<string> {
  const comment = await runSql(
    parameters,
    `select shobj_description(oid, 'pg_database') from pg_database where datname = current_database()`,
  );
  return `${JSON.stringify(comment)}${await dumped(parameters, programs)}`;
}

const evil = [
  'host=evil dbname=x',
  "-Fp 'it; touch pwned #",
  'a`b ``` $(touch pwned) <b>[x](y)|',
  'new\nline `touch pwned`\n\u202e\u200bÜn\u0301 "q" \\ %s \\n $HOME\n',
];

test(
  'names are data: databases called anything come back by the lines as they stand, and nothing of their names is run',
  () =>
    withOwnServer(newestMajor(), {}, ({ parameters }) =>
      withDirectory(async (directory) => {
        const { directory: programs } = await realTools(newestMajor());
        const bin = await debianPath(directory, programs);
        const [place, work] = [join(directory, '$(touch pwned) `place`'), join(directory, 'work')];
        for (const one of [place, work]) await mkdir(one);
        for (const name of evil) {
          const quoted = pg.escapeIdentifier(name);
          await runSql(parameters, `create database ${quoted}`);
          const one = { ...parameters, database: name };
          await runSql(
            one,
            `create table t as select i from generate_series(1, 7) i; comment on database ${quoted} is 'the one'`,
          );
          const note = await backedUp(one, fileStore({ directory: place }));
          // What nobody sees stands in no line: neither as it is, nor as a line of its own.
          expect(note).not.toMatch(/[\u202e\u200b]/);
          const before = await described(one, programs);
          await runSql(parameters, `drop database ${quoted}`);
          const { stdout } = await followNote({ note, bin, work, target: parameters });
          expect(stdout, name).toContain('Restored.');
          expect(await described(one, programs), name).toBe(before);
          // Beside it, under another odd name, made like the lost one.
          const beside = `${name}'"2`;
          const change = (script: string): string =>
            script
              .replace('\nTARGET=$DATABASE ', () => '\nTARGET=$DATABASE"\'\\"2" ')
              .replace('WORK=$PWD/', () => 'WORK=$PWD/2-');
          const again = await followNote({ note, bin, work, target: parameters, change });
          expect(again.stdout, name).toContain('Restored.');
          expect(await runSql({ ...parameters, database: beside }, 'select count(*)::int from t')).toEqual([
            { count: 7 },
          ]);
          await runSql(parameters, `drop database ${pg.escapeIdentifier(beside)}`);
        }
        expect(await readdir(work)).not.toContain('pwned');
        expect(
          (await readdir(directory, { recursive: true })).filter((one) => one.endsWith('pwned')),
        ).toEqual([]);
      }),
    ),
  120_000,
);

test('who follows the note of a bucket gets the database back, with the store’s own client', () =>
  withDatabase(newestMajor(), { sql: shop }, ({ parameters }) =>
    withAwsServer({ buckets: ['my-bucket'] }, (aws) =>
      withDirectory(async (directory) => {
        for (const [name, value] of Object.entries(aws.environment)) vi.stubEnv(name, value);
        const { directory: programs } = await realTools(newestMajor());
        const bin = await debianPath(directory, programs);
        await withAwsCommand(bin);
        const store = openStore(`s3://my-bucket/post%20gres/it's`, {
          endpoint: aws.url,
          forcePathStyle: true,
        });
        const note = await backedUp(parameters, store, { format: 'directory' });
        expect(note).toContain(`AWS_ENDPOINT_URL_S3='${aws.url}'`);
        // A newer one that was never verified, and a folder of somebody's, are passed over.
        await runSql(parameters, 'delete from orders where id > 9');
        await runBackup(parameters, store).outcome;
        await store.create(`test/${parameters.database}/notes.txt`, Buffer.from('mine'));
        const work = join(directory, 'work');
        await mkdir(work);
        const { AWS_ENDPOINT_URL: _, ...env } = aws.environment;
        await withOwnServer(newestMajor(), {}, async ({ parameters: target }) => {
          const { stdout } = await followNote({ note, bin, work, target, env });
          expect(stdout).toMatch(/Every byte is as it was stored\.[\s\S]*Restored\./);
          const restored = { ...target, database: parameters.database };
          expect(await runSql(restored, 'select count(*)::int from orders')).toEqual([{ count: 700 }]);
        });
      }),
    ),
  ));
