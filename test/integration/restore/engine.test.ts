import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { childEnvironment } from '../../../functions/shared/postgres/child-environment.ts';
import { quoteConninfo } from '../../../functions/shared/postgres/conninfo.ts';
import { findServerTools, findTools } from '../../../functions/shared/postgres/find-tools.ts';
import { withPrivateServer } from '../../../functions/shared/postgres/private-server.ts';
import type { ConnectionParameters } from '../../../functions/shared/postgres/source.ts';
import { chooseTools, type FoundTools, toolPath } from '../../../functions/shared/postgres/tools.ts';
import { createDatabase, localeProblem } from '../../../functions/shared/restore/database.ts';
import { applyGlobals } from '../../../functions/shared/restore/globals.ts';
import type { RestoreRequest, RestoreResult } from '../../../functions/shared/restore/restoration.ts';
import { restoreArchive } from '../../../functions/shared/restore/run-restore.ts';
import { withDirectory } from '../../support/backup-run.ts';
import {
  newestMajor,
  runSql,
  testMajors,
  uniqueName,
  withClient,
  withDatabase,
  withOwnServer,
} from '../../support/postgres.ts';

const run = promisify(execFile);

async function toolsOf(major: number): Promise<FoundTools> {
  return chooseTools(await findTools(), major);
}

async function dump(
  source: ConnectionParameters,
  major: number,
  file: string,
  ...more: string[]
): Promise<void> {
  const program = toolPath(await toolsOf(major), 'pg_dump');
  const args = [`--dbname=${quoteConninfo(source.database)}`, '--format=custom', `--file=${file}`, ...more];
  await run(program, args, { env: childEnvironment(source) });
}

async function restore(
  target: ConnectionParameters,
  major: number,
  changes: Partial<RestoreRequest> & Pick<RestoreRequest, 'archive'>,
): Promise<RestoreResult> {
  return await restoreArchive({
    ...{ tools: await toolsOf(major), format: 'custom', archiveName: 'archive.dump', target },
    ...{ database: target.database, create: false, jobs: 2, exitOnError: false },
    signal: new AbortController().signal,
    ...changes,
  });
}

const shop = `create extension hstore; create table plain (id int primary key); create table tagged (id int, tags hstore);
  create index tagged_tags on tagged using gin (tags); create view tags as select tags -> 'a' as a from tagged;
  create function f(hstore) returns int language sql as 'select 1'; insert into plain select generate_series(1, 9);
  insert into tagged values (1, 'a=>1'); comment on table tagged is 'depends'`;

describe.each(testMajors())('PostgreSQL %i', (major) => {
  test('restores from a file with two jobs, and from a stream with one', () =>
    withDatabase(major, { sql: shop }, ({ parameters }) =>
      withDirectory(async (directory) => {
        const path = join(directory, 'archive.dump');
        await dump(parameters, major, path);
        const doing: string[] = [];
        await withDatabase(major, {}, async ({ parameters: target, query }) => {
          const onProgress = (progress: { doing: string }): void => void doing.push(progress.doing);
          const result = await restore(target, major, { archive: { kind: 'path', path }, onProgress });
          expect(result).toEqual({ problems: [], problemCount: 0 });
          expect(await query('select count(*)::int as n from plain')).toEqual([{ n: 9 }]);
        });
        expect(doing).toContain('table data public.plain');
        await withDatabase(major, {}, async ({ parameters: target, query }) => {
          const bytes = await readFile(path);
          const pieces = async function* (): AsyncGenerator<Buffer> {
            for (let at = 0; at < bytes.length; at += 999) yield bytes.subarray(at, at + 999);
          };
          const result = await restore(target, major, { archive: { kind: 'stream', stream: pieces() } });
          expect(result.problems).toEqual([]);
          expect(await query('select count(*)::int as n from plain')).toEqual([{ n: 9 }]);
        });
      }),
    ));
});

test('an extension that the server has not is a limit, and so is what needs it; a missing role is not', async () => {
  const { found } = await findServerTools();
  const whole = found.find(({ place, major }) => place === 'built' && major === newestMajor()) ?? found[0];
  if (whole === undefined) throw new Error('no server');
  const role = uniqueName('gone');
  await withDirectory(async (directory) => {
    const path = join(directory, 'archive.dump');
    await withDatabase(whole.major, { sql: shop }, async ({ parameters, query, server }) => {
      await query(`create role ${role}; alter table plain owner to ${role}`);
      await dump(parameters, whole.major, path);
      await query('alter table plain owner to current_user');
      await runSql(server.parameters, `drop role ${role}`);
    });
    const tools = await withoutExtension(whole, 'hstore', join(directory, 'poor'));
    await withPrivateServer({ tools }, async ({ parameters }) => {
      const { problems } = await restore(parameters, whole.major, { archive: { kind: 'path', path } });
      const limits = problems.filter(({ fault }) => fault === 'limit');
      expect(new Set(limits.map(({ missing }) => missing))).toEqual(new Set(['extension "hstore"']));
      expect(limits.map(({ entry }) => entry?.label.split(' ')[0])).toEqual(
        expect.arrayContaining(['EXTENSION', 'TABLE', 'INDEX', 'VIEW', 'FUNCTION']),
      );
      expect(problems.filter(({ fault }) => fault === 'backup')).toMatchObject([
        { message: expect.stringContaining(`role "${role}" does not exist`) },
      ]);
    });
  });
});

/** The programs of a server in a tree of their own, where one extension is not. */
async function withoutExtension(tools: FoundTools, extension: string, into: string): Promise<FoundTools> {
  const root = /^(.*)\/usr\/lib\/postgresql\/\d+\/bin\/?$/.exec(tools.directory)?.[1] ?? '';
  const major = String(tools.major);
  const share = join('usr/share/postgresql', major, 'extension');
  for (const part of root === ''
    ? [`usr/lib/postgresql/${major}`, `usr/share/postgresql/${major}`]
    : ['usr']) {
    await mkdir(join(into, part), { recursive: true });
    await cp(join(root === '' ? '/' : root, part), join(into, part), { recursive: true, dereference: true });
  }
  for (const name of await readdir(join(into, share)))
    if (name.startsWith(extension)) await rm(join(into, share, name));
  return { ...tools, directory: join(into, 'usr/lib/postgresql', major, 'bin') };
}

test('a truncated archive is the fault of the backup', () =>
  withDatabase(newestMajor(), { sql: shop }, ({ parameters }) =>
    withDirectory(async (directory) => {
      const path = join(directory, 'archive.dump');
      await dump(parameters, newestMajor(), path, '--compress=0');
      const bytes = await readFile(path);
      await writeFile(path, bytes.subarray(0, bytes.length - 60));
      await withDatabase(newestMajor(), {}, async ({ parameters: target }) => {
        const { problems } = await restore(target, newestMajor(), { archive: { kind: 'path', path } });
        expect(problems.length).toBeGreaterThan(0);
        expect(problems.every(({ fault }) => fault === 'backup')).toBe(true);
      });
    }),
  ));

test("a hostile plain dump runs none of psql's commands", () =>
  withDatabase(newestMajor(), {}, ({ parameters, query }) =>
    withDirectory(async (directory) => {
      const proof = join(directory, 'proof');
      const sql = `create table t (a int);\n\\! touch ${proof}\n\\o |touch ${proof}\n\\copy t from program 'touch ${proof}'\n\\unrestrict guessed\n\\! touch ${proof}\ninsert into t values (1);\nselect 1 \\g |touch ${proof}\n`;
      const path = join(directory, 'archive.sql');
      await writeFile(path, sql);
      const request = {
        format: 'plain',
        archiveName: 'archive.sql',
        archive: { kind: 'path', path },
      } as const;
      const { problems } = await restore(parameters, newestMajor(), request);
      expect(problems.length).toBeGreaterThan(0);
      expect(await readdir(directory)).toEqual(['archive.sql']);
      // What is SQL in it was run: all of the rest is told.
      expect(await query('select count(*)::int as n from t')).toEqual([{ n: 1 }]);
    }),
  ));

test.each(['custom', 'tar'] as const)('an error at the end of a stream is heard: %s', (format) =>
  withDatabase(newestMajor(), { sql: shop }, ({ parameters }) =>
    withDirectory(async (directory) => {
      const path = join(directory, 'archive');
      await dump(parameters, newestMajor(), path, `--format=${format}`);
      const bytes = await readFile(path);
      const reason = new Error('these are not the bytes that were stored');
      const pieces = async function* (): AsyncGenerator<Buffer> {
        yield bytes;
        // Longer than a pipe holds: who does not read on to here does not hear of it.
        yield Buffer.alloc(format === 'tar' ? 1_000_000 : 0);
        throw reason;
      };
      await withDatabase(newestMajor(), {}, async ({ parameters: target }) => {
        const archive = { kind: 'stream', stream: pieces() } as const;
        await expect(restore(target, newestMajor(), { format, archive })).rejects.toBe(reason);
      });
    }),
  ),
);

test('an abort ends it', () =>
  withDatabase(
    newestMajor(),
    { sql: 'create table t as select generate_series(1, 400000) as a' },
    ({ parameters }) =>
      withDirectory(async (directory) => {
        const path = join(directory, 'archive.dump');
        await dump(parameters, newestMajor(), path);
        await withDatabase(newestMajor(), {}, async ({ parameters: target }) => {
          const stop = new AbortController();
          const reason = new Error('stopped by the test');
          const onProgress = (): void => stop.abort(reason);
          const archive = { kind: 'path', path } as const;
          await expect(
            restore(target, newestMajor(), { archive, onProgress, signal: stop.signal }),
          ).rejects.toBe(reason);
        });
      }),
  ));

const globals = `SET client_encoding = 'UTF8';
CREATE ROLE boss;
ALTER ROLE boss WITH SUPERUSER INHERIT CREATEROLE CREATEDB LOGIN REPLICATION BYPASSRLS;
CREATE ROLE "app ""x""";
ALTER ROLE "app ""x""" WITH NOSUPERUSER INHERIT NOCREATEROLE NOCREATEDB LOGIN NOREPLICATION NOBYPASSRLS CONNECTION LIMIT 3 PASSWORD 'md5aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' VALID UNTIL 'infinity';
CREATE ROLE team;
ALTER ROLE team WITH NOSUPERUSER INHERIT NOCREATEROLE NOCREATEDB NOLOGIN NOREPLICATION NOBYPASSRLS;
GRANT team TO "app ""x""";
CREATE TABLESPACE fast OWNER team LOCATION '/mnt/somewhere/else';
DROP ROLE team;
`;

test('roles of a verification may not log in and have no password; the role that made the server stays', () =>
  withOwnServer(newestMajor(), { user: 'boss' }, ({ parameters }) =>
    withClient(parameters, async (client) => {
      const applied = await applyGlobals(client, globals, { mode: 'private', bootstrapRole: 'boss' });
      expect(applied).toMatchObject({ roles: ['app "x"', 'team'], tablespaces: ['fast'] });
      expect(applied.problems).toMatchObject([{ fault: 'backup', statement: 'DROP ROLE team' }]);
      const { rows } = await client.query(
        `select rolname, rolcanlogin, rolpassword is not null as secret, rolconnlimit from pg_authid
          where rolname !~ '^pg_' order by 1`,
      );
      expect(rows).toEqual([
        { rolname: 'app "x"', rolcanlogin: false, secret: false, rolconnlimit: -1 },
        { rolname: 'boss', rolcanlogin: true, secret: true, rolconnlimit: -1 },
        { rolname: 'team', rolcanlogin: false, secret: false, rolconnlimit: -1 },
      ]);
      const members = await client.query(
        "select 1 from pg_auth_members m join pg_roles r on r.oid = m.roleid where rolname = 'team'",
      );
      expect(members.rowCount).toBeGreaterThan(0);
    }),
  ));

test("on somebody's server what is there stays as it is", () =>
  withOwnServer(newestMajor(), { user: 'boss' }, ({ parameters }) =>
    withClient(parameters, async (client) => {
      await client.query('create role team createdb');
      const applied = await applyGlobals(client, globals, { mode: 'target' });
      expect(applied).toMatchObject({ roles: ['app "x"'], existing: ['boss', 'team'] });
      // Its directory is not there, and the statement that no pg_dumpall writes was not run.
      expect(applied.problems.map(({ fault }) => fault)).toEqual(['limit', 'backup']);
      const { rows } = await client.query("select rolcreatedb from pg_roles where rolname = 'team'");
      expect(rows).toEqual([{ rolcreatedb: true }]);
    }),
  ));

test('a locale that the server has not is told; the nearest is taken where that will do', () =>
  withDatabase(newestMajor(), {}, ({ parameters }) =>
    withClient(parameters, async (client) => {
      const locale = { provider: 'libc', collate: 'xx_YY.UTF-8', ctype: 'xx_YY.UTF-8' } as const;
      expect(await localeProblem(client, { encoding: 'UTF8', locale })).toMatchObject({
        fault: 'limit',
        missing: 'locale "xx_YY.UTF-8"',
      });
      const fine = { provider: 'libc', collate: 'C', ctype: 'C' } as const;
      expect(await localeProblem(client, { encoding: 'LATIN1', locale: fine })).toBeUndefined();
      const name = uniqueName('substituted');
      try {
        expect(await createDatabase(client, { name, encoding: 'UTF8', locale })).toEqual({
          substituted: expect.stringMatching(/^C/),
        });
      } finally {
        await client.query(`drop database if exists ${name}`);
      }
    }),
  ));
