import { execFile } from 'node:child_process';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { chooseTools, type FoundTools, toolPath } from '../../../../core/postgres/programs/tools.ts';
import { findServerTools, findTools } from '../../../support/postgres/programs.ts';
import { runSql, testMajors, withDatabase, withOwnServer } from '../../../support/postgres/servers.ts';
import { fixture } from '../../../support/postgres/tls-fixtures.ts';
import { withDirectory } from '../../../support/process/fake-programs.ts';

const run = promisify(execFile);
/** Nothing of ours: whatever a program needs, it finds by itself. */
const env = {};

async function clientTools(major: number): Promise<FoundTools> {
  const tools = chooseTools(await findTools(), major);
  expect(tools.major).toBe(major);
  return tools;
}

describe.each(testMajors())('the programs of PostgreSQL %i', (major) => {
  it('start with an empty environment', async () => {
    const tools = await clientTools(major);
    for (const program of ['pg_dump', 'pg_restore', 'pg_dumpall', 'psql'] as const) {
      const { stdout } = await run(toolPath(tools, program), ['--version'], { env, cwd: '/' });
      expect(stdout).toContain(`(PostgreSQL) ${tools.version}`);
    }
    const server = (await findServerTools()).found.find((one) => one.major === major);
    expect(server?.major).toBe(major);
  });

  it('check the server’s certificate', async () => {
    const tools = await clientTools(major);
    const ssl = {
      cert: await readFile(fixture('server.pem'), 'utf8'),
      key: await readFile(fixture('server.key'), 'utf8'),
    };
    await withOwnServer(major, { tcp: true, ssl }, async ({ tcpParameters }) => {
      const connection = (host: string): string[] => [
        `host=${host} hostaddr=127.0.0.1 port=${tcpParameters?.port} user=postgres sslmode=verify-full sslrootcert='${fixture('authority.pem')}'`,
      ];
      const withPassword = { PGPASSWORD: tcpParameters?.password };
      const question = ['-XAtc', 'SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()'];
      const { stdout } = await run(toolPath(tools, 'psql'), [...question, '-d', ...connection('localhost')], {
        env: withPassword,
      });
      expect(stdout).toBe('TLSv1.3\n');
      const elsewhere = run(toolPath(tools, 'pg_dump'), ['-d', ...connection('elsewhere.example')], {
        env: withPassword,
      });
      await expect(elsewhere).rejects.toThrow(/does not match host name/);
    });
  });

  it('dump and restore with every compression that the version has', () =>
    withDirectory(async (directory) => {
      const tools = await clientTools(major);
      const methods = major >= 16 ? ['gzip:1', 'lz4', 'zstd:1', 'none'] : ['1', '0'];
      const sql = 'CREATE TABLE t AS SELECT n, md5(n::text) AS text FROM generate_series(1, 1000) AS n';
      await withDatabase(major, { sql }, async ({ parameters, server }) => {
        const where = { PGHOST: parameters.host, PGPORT: String(parameters.port), PGUSER: parameters.user };
        for (const method of methods) {
          const archive = join(directory, 'archive');
          await run(toolPath(tools, 'pg_dump'), ['-Fc', '-Z', method, '-f', archive, parameters.database], {
            env: where,
          });
          await withDatabase(major, { server }, async (copy) => {
            await run(toolPath(tools, 'pg_restore'), ['-e', '-d', copy.name, archive], { env: where });
            expect(await copy.query('SELECT count(*)::int AS rows FROM t')).toEqual([{ rows: 1000 }]);
          });
          await rm(archive);
        }
        const globals = await run(toolPath(tools, 'pg_dumpall'), ['--globals-only', '-l', 'postgres'], {
          env: where,
        });
        expect(globals.stdout).toContain('CREATE ROLE postgres');
      });
    }));

  it('run a server that has its extensions and time zones', async () => {
    await withOwnServer(major, {}, async ({ parameters }) => {
      for (const extension of [
        'hstore',
        'pg_trgm',
        'postgres_fdw',
        'pgcrypto',
        'unaccent',
        'uuid-ossp',
        'xml2',
      ]) {
        await runSql(parameters, `CREATE EXTENSION "${extension}"`);
      }
      const [row] = await runSql(
        parameters,
        `SELECT digest('a', 'sha256') IS NOT NULL AS digest, xpath('/a/text()', '<a>b</a>')::text AS xml,
                to_tsvector('german', 'Häuser')::text AS words, 'B' < 'a' COLLATE "de-x-icu" AS icu`,
      );
      expect(row).toEqual({ digest: true, xml: '{b}', words: "'haus':1", icu: false });
    });
  });
});
