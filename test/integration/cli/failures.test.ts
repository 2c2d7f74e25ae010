import { chmod, mkdir, mkdtemp, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withAwsServer } from '../../support/aws/server.ts';
import { type Cli, type CliOptions, type CliResult, openCli } from '../../support/cli/run.ts';
import { type CliStore, s3Store, withFileStore } from '../../support/cli/stores.ts';
import { withoutOverride } from '../../support/cli/without-override.ts';
import { startServer } from '../../support/postgres/programs.ts';
import {
  newestMajor,
  runSql,
  type TestDatabase,
  uniqueName,
  withDatabase,
} from '../../support/postgres/servers.ts';
import { withNewerServer } from './newer-server.ts';

let cli: Cli;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(() => cli?.close());

const content = `create table first as select i from generate_series(1, 1000) i; create table second (i int);`;

function withShop<T>(use: (database: TestDatabase) => Promise<T>): Promise<T> {
  return withDatabase(newestMajor(), { sql: content }, use);
}

/** A role of its own that may log in, for the database; dropped afterwards. */
async function withRole<T>(
  database: TestDatabase,
  use: (role: string, url: string) => Promise<T>,
): Promise<T> {
  const role = uniqueName('role');
  await database.query(`create role ${role} login password 'secret'`);
  try {
    const { host, port } = database.tcpParameters;
    return await use(role, `postgresql://${role}:secret@${host}:${port}/${database.name}`);
  } finally {
    await database.query(`drop owned by ${role}; drop role ${role}`);
  }
}

async function backup(
  { url, env }: Pick<CliStore, 'url' | 'env'>,
  args: readonly string[],
  options: CliOptions = {},
): Promise<CliResult> {
  const result = await cli.run(['backup', '--store', url, ...args], {
    ...options,
    env: { ...env, ...options.env },
  });
  // Whatever happens: what people read is a message, not a stack, and it does not end in two full stops.
  expect(result.stderr).not.toMatch(/^ {4}at /m);
  expect(result.stderr).not.toMatch(/\.\.$/m);
  expect(result.leftovers).toEqual([]);
  return result;
}

/** The run could not begin: one message in one line, nothing else. */
function expectOneLine({ status, stdout, stderr }: CliResult, message: RegExp): void {
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  expect(stderr).toMatch(/^pgproof: /);
  expect(stderr).toMatch(message);
}

/** One database failed: its reason where it happened, and its name again at the very end. */
function expectFailed({ status, stderr }: CliResult, database: string, message: RegExp): void {
  expect(status).toBe(1);
  expect(stderr).toContain(`✗ ${database}: failed`);
  expect(stderr).toMatch(message);
  expect(stderr.match(new RegExp(message, 'g'))).toHaveLength(1);
  expect(stderr.trimEnd().split('\n').at(-1)).toMatch(
    new RegExp(`^pgproof: No good backup of 1 of \\d databases? of .*: "${database}"$`),
  );
}

describe('the server', () => {
  test('wrong password', async () => {
    await withShop(async ({ tcpParameters: { host, port, user }, name }) => {
      await withFileStore(async (store) => {
        const url = `postgresql://${user}:wrong@${host}:${port}/${name}`;
        expectOneLine(
          await backup(store, ['--source', url]),
          /did not accept the password of "postgres".*Correct the password/,
        );
        expect(await store.keys()).toEqual([]);
      });
    });
  });

  test('no password, unknown host, nobody there', async () => {
    await withShop(async ({ tcpParameters: { host, port } }) => {
      await withFileStore(async (store) => {
        const call = (url: string): Promise<CliResult> => backup(store, ['--source', url]);
        expectOneLine(await call(`postgresql://nobody@${host}:${port}/x`), /wants a password.*PGPASSWORD/);
        expectOneLine(
          await call('postgresql://u@nowhere.invalid/x'),
          /"nowhere.invalid" is not known.*spelling/,
        );
        expectOneLine(await call(`postgresql://u@${host}:1/x`), /Nothing answers.*Check host and port/);
        const inNoPlace = await call('postgresql:///x?host=/nonexistent');
        expectOneLine(
          inNoPlace,
          /Nothing answers.*\/nonexistent\/.s.PGSQL.5432.*name its host in the URL or PGHOST/,
        );
        expect(await store.keys()).toEqual([]);
      });
    });
  });

  test('no database of that name: the good ones are still taken', async () => {
    await withShop(async ({ url, name }) => {
      await withFileStore(async (store) => {
        const databases = ['--database', 'nix', '--database', name];
        const result = await backup(store, ['--source', url, '--name', 's', ...databases]);
        expectFailed(result, 'nix', /has no database "nix".*\(expected one of "[^"]+".*Correct its name/);
        expect(result.stderr).toContain(`✓ ${name}: `);
        expect(result.stdout).toMatch(new RegExp(`^${name} .* intact \\(read\\) +s/${name}/`, 'm'));
        expect(result.stdout).toMatch(/^nix .* failed$/m);
        const keys = await store.keys();
        expect(keys).toHaveLength(6);
        expect(keys.every((key) => key.startsWith(`s/${name}/`))).toBe(true);
      });
    });
  });

  test('the only database of the URL is not there', async () => {
    await withShop(async ({ url, name }) => {
      await withFileStore(async (store) => {
        expectOneLine(await backup(store, ['--source', url.replace(name, 'nix')]), /has no database "nix"/);
      });
    });
  });

  test('no database at all', async () => {
    const server = await startServer({ major: newestMajor() });
    try {
      const { host, port } = server.parameters;
      const source = `postgresql://postgres@/postgres?host=${encodeURIComponent(host)}&port=${port}`;
      await withFileStore(async (store) => {
        const message = /There is no database to back up: "postgres", "template0", "template1" on the server/;
        expectOneLine(await backup(store, ['--source', source]), message);
        await runSql(server.parameters, 'create database "a, b"');
        const excluded = await backup(store, ['--source', source, '--exclude-database', 'a, b']);
        expectOneLine(excluded, /on the server, without "a, b" .*exclude fewer/);
        expect(await store.keys()).toEqual([]);
        const mistyped = await backup(store, ['--source', source, '--exclude-database', 'a,b', '--json']);
        expect(mistyped.status).toBe(0);
        expect(mistyped.stderr).toMatch(
          /^! a,b: was to be left out, and there is no database of that name .*"a, b"/m,
        );
        expect(JSON.parse(mistyped.stdout)).toMatchObject({
          databases: [{ database: 'a, b', status: 'done' }],
          notExcluded: [{ database: 'a,b' }],
        });
      });
    } finally {
      await server.stop();
    }
  });

  test('newer than every pg_dump', async () => {
    await withShop(async (database) => {
      await withNewerServer(database.tcpParameters, 99, async (port) => {
        await withFileStore(async (store) => {
          const url = new URL(database.url);
          url.port = String(port);
          // Without apt-get on PATH nothing is looked for in a package archive.
          const result = await backup(store, ['--source', `${url}?sslmode=disable`], { env: { PATH: '' } });
          expectOneLine(
            result,
            /No pg_dump for a server of PostgreSQL 99: found .*\(expected version 99 or newer\).*PGPROOF_PG_BIN/,
          );
          expect(await store.keys()).toEqual([]);
        });
      });
    });
  });
});

describe('rights', () => {
  test.each([['exact'], ['none']])('none on one table (--rows %s)', async (rows) => {
    await withShop(async (database) => {
      await withRole(database, async (role, url) => {
        await database.query(`grant select on first to ${role}`);
        await withFileStore(async (store) => {
          const args = ['--source', url, '--database', database.name, '--rows', rows];
          expectFailed(await backup(store, args), database.name, /permission denied for table second/);
          expect(await store.keys()).toEqual([]);
        });
      });
    });
  });

  test.each([['exact'], ['none']])('row-level security hides rows (--rows %s)', async (rows) => {
    await withShop(async (database) => {
      await withRole(database, async (role, url) => {
        await database.query(
          `grant select on first, second to ${role}; alter table second enable row level security`,
        );
        await withFileStore(async (store) => {
          const args = ['--source', url, '--database', database.name, '--rows', rows];
          const result = await backup(store, args);
          expectFailed(result, database.name, /row-level security policy for table "second"/);
          expect(result.stderr).toContain('Give the role BYPASSRLS');
          expect(await store.keys()).toEqual([]);
        });
      });
    });
  });

  test('the search path of a database does not lend its owner our rights', async () => {
    await withShop(async ({ query, name, url }) => {
      await query(`
        create schema evil; create table evil.log (who text);
        create function evil.current_setting(text) returns text language plpgsql as
          'begin insert into evil.log values (current_user); return pg_catalog.current_setting($1); end';
        alter database ${name} set search_path = evil, pg_catalog`);
      await withFileStore(async (store) => {
        const { status } = await backup(store, ['--source', url, '--database', name]);
        expect(status).toBe(0);
        expect(await query('table evil.log')).toEqual([]);
      });
    });
  });
});

describe('the store', () => {
  test('no such bucket, no right to it, nobody there', async () => {
    await withShop(async ({ url: source, name }) => {
      await withAwsServer({ buckets: ['bucket'] }, async (aws) => {
        const args = ['--source', source, '--database', name];
        const call = (url: string, env = {}): Promise<CliResult> =>
          backup({ url, env: { ...aws.environment, ...env } }, args);
        expectOneLine(
          await call('s3://other/x'),
          /The bucket does not exist \(listing s3:\/\/other\/x\).*Create it/,
        );
        aws.s3.misbehave({ operation: 'CreateMultipartUpload', action: 'accessDenied', times: 100 });
        aws.s3.misbehave({ operation: 'PutObject', action: 'accessDenied', times: 100 });
        aws.s3.misbehave({ operation: 'ListObjectsV2', action: 'accessDenied', times: 100 });
        const denied = await call('s3://bucket/some/prefix');
        expect(denied.status).toBe(1);
        expect(denied.stderr).toMatch(
          /Access to the bucket is denied \(writing s3:.*Allow s3:PutObject and s3:AbortMultipartUpload/,
        );
        const nobody = await call('s3://bucket/x', { AWS_ENDPOINT_URL: 'http://127.0.0.1:1' });
        expectOneLine(nobody, /S3 refuses connections.*Check the endpoint/);
        const withoutKeys = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined };
        expectOneLine(await call('s3://bucket/x', withoutKeys), /There are no AWS credentials.*AWS_PROFILE/);
        expect(await s3Store(aws).keys()).toEqual([]);
        expect(aws.s3.uploads()).toEqual([]);
      });
    });
  });

  test('a directory that may not be written, is none, or cannot be there', async () => {
    await withShop(async ({ url: source, name }) => {
      const parent = await mkdtemp(join(cli.directory, 'store-'));
      const readOnly = join(parent, 'read-only');
      await mkdir(readOnly);
      await chmod(readOnly, 0o500);
      await writeFile(join(parent, 'file'), '');
      // What a disk that is not mounted looks like behind a link.
      await symlink('/nonexistent/disk', join(parent, 'link'));
      const call = (path: string): Promise<CliResult> => {
        const store = { url: pathToFileURL(join(parent, path)).href, env: {} };
        return backup(store, ['--source', source, '--database', name], { through: withoutOverride });
      };
      expectOneLine(
        await call('read-only'),
        /The directory may not be written to \(writing .*EACCES.*the right to write to it and enter it/,
      );
      expectOneLine(await call('read-only/below'), /The directory may not be written to .*EACCES/);
      expectOneLine(await call('file'), /A part of the path is not a directory .*Correct the store URL/);
      expectOneLine(
        await call('link'),
        /The directory is not there and cannot be made .*a disk not be mounted/,
      );
      expectOneLine(await call('link/below'), /The directory is not there and cannot be made/);
    });
  });

  test('a file that may not grow so far, as on a full disk', async () => {
    await withDatabase(newestMajor(), { sql: incompressible }, async ({ url: source, name }) => {
      await withFileStore(async (store) => {
        const limited = (file: string, args: readonly string[]): [string, string[]] => {
          return ['/bin/sh', ['-c', 'trap "" XFSZ; ulimit -f 1000; exec "$0" "$@"', file, ...args]];
        };
        const result = await backup(store, ['--source', source, '--database', name], { through: limited });
        expectFailed(result, name, /The file is larger than allowed here/);
        expect(await store.keys()).toEqual([]);
      });
    });
  });
});

const incompressible = `create table noise as
  select i, string_agg(md5((i * 40 + j)::text), '') from generate_series(1, 4000) i, generate_series(1, 40) j group by i`;
