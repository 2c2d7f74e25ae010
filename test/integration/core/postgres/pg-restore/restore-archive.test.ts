import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Client } from 'pg';
import { describe, expect, test } from 'vitest';
import { applyGlobals } from '../../../../../core/postgres/pg-restore/apply-globals.ts';
import type { GlobalsSession } from '../../../../../core/postgres/pg-restore/globals-session.ts';
import { createDatabase, localeProblem } from '../../../../../core/postgres/pg-restore/new-database.ts';
import { withDirectory } from '../../../../support/backup/run.ts';
import { dump, restore } from '../../../../support/postgres/engine-restore.ts';
import {
  newestMajor,
  testMajors,
  uniqueName,
  withClient,
  withDatabase,
  withOwnServer,
} from '../../../../support/postgres/servers.ts';

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
          expect(result).toMatchObject({
            problems: [],
            problemCount: 0,
            isMixed: false,
            isSettled: true,
            jobs: 2,
          });
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

const sessionOf = (client: Client, sql: string): GlobalsSession => ({
  client,
  sql,
  encoding: 'UTF8',
  readable: (text) => text,
});

test('roles of a verification may not log in and have no password; the role that made the server stays', () =>
  withOwnServer(newestMajor(), { user: 'boss', password: 'of its own' }, ({ parameters }) =>
    withClient(parameters, async (client) => {
      const applied = await applyGlobals(sessionOf(client, globals), {
        mode: 'private',
        bootstrapRole: 'boss',
      });
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
      const applied = await applyGlobals(sessionOf(client, globals), { mode: 'target' });
      expect(applied).toMatchObject({ roles: ['app "x"'], existing: ['boss', 'team'] });
      // Its directory is not there, and the statement that no pg_dumpall writes was not run.
      expect(applied.problems.map(({ fault }) => fault)).toEqual(['environment', 'backup']);
      const { rows } = await client.query("select rolcreatedb from pg_roles where rolname = 'team'");
      expect(rows).toEqual([{ rolcreatedb: true }]);
    }),
  ));

test('what hides in a string of globals.sql stays in it', () =>
  withOwnServer(newestMajor(), { user: 'boss' }, ({ parameters }) =>
    withClient(parameters, async (client) => {
      const hostile = `CREATE ROLE team;
        COMMENT ON ROLE team IS $$'$$; CREATE ROLE smuggled SUPERUSER; --';
        COMMENT ON ROLE team IS U&'\\'; CREATE ROLE smuggled SUPERUSER; --';
        COMMENT ON ROLE team IS 'a' /*'*/; CREATE ROLE smuggled SUPERUSER; --';`;
      const { roles, problems } = await applyGlobals(sessionOf(client, hostile), { mode: 'target' });
      expect(roles).toEqual(['team']);
      expect(problems.length).toBeGreaterThan(0);
      expect(problems.every(({ fault }) => fault === 'backup')).toBe(true);
      const { rows } = await client.query("select 1 from pg_roles where rolname = 'smuggled'");
      expect(rows).toEqual([]);
    }),
  ));

test.each(testMajors())('PostgreSQL %i: a provider that is not there is a limit in any words', (major) =>
  withDatabase(major, {}, ({ parameters }) =>
    withClient(parameters, async (client) => {
      for (const locale of [
        { provider: 'builtin', collate: 'C', ctype: 'C', locale: 'PG_NO_SUCH' },
        { provider: 'icu', collate: 'C', ctype: 'C', locale: 'xx-yy-zz-u-co-nothing' },
      ] as const) {
        const problem = await localeProblem(client, { encoding: 'UTF8', locale });
        // ICU takes unknown languages before version 16.
        if (problem === undefined) expect(locale.provider).toBe('icu');
        else expect(problem).toMatchObject({ fault: 'environment', missing: expect.stringMatching(/./) });
        const name = uniqueName('provider');
        try {
          await createDatabase(client, { name, encoding: 'UTF8', locale });
        } finally {
          await client.query(`drop database if exists ${name}`);
        }
      }
    }),
  ),
);

test('a locale that the server has not is told; the nearest is taken where that will do', () =>
  withDatabase(newestMajor(), {}, ({ parameters }) =>
    withClient(parameters, async (client) => {
      const locale = { provider: 'libc', collate: 'xx_YY.UTF-8', ctype: 'xx_YY.UTF-8' } as const;
      expect(await localeProblem(client, { encoding: 'UTF8', locale })).toMatchObject({
        fault: 'environment',
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
