import { chmod, mkdtemp, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BackupReport } from '../../../core/backup/report.ts';
import { type Cli, type CliResult, openCli } from '../../support/cli/run.ts';
import { storeKinds, withFileStore, withStore } from '../../support/cli/stores.ts';
import { newestMajor, type TestDatabase, uniqueName, withDatabase } from '../../support/postgres/servers.ts';

let cli: Cli;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(() => cli?.close());

const content = `
  create table numbers as select i, md5(i::text) as text from generate_series(1, 5000) i;
  create table nothing (i int);
  create schema other; create table other.numbers as select 1 as i;`;

function withNumbers<T>(use: (database: TestDatabase) => Promise<T>): Promise<T> {
  return withDatabase(newestMajor(), { sql: content }, use);
}

function reportOf({ stdout }: CliResult): BackupReport {
  return JSON.parse(stdout) as BackupReport;
}

describe.each(storeKinds)('options, %s store', (kind) => {
  test.each([
    [['--format', 'custom'], 'custom', 'zstd:1', ['archive.dump']],
    [['--format', 'plain', '--compress', 'gzip:3'], 'plain', 'gzip:3', ['archive.sql.gz']],
    [['--format', 'plain', '--compress', 'none'], 'plain', 'none', ['archive.sql']],
    [['--format', 'tar'], 'tar', 'none', ['archive.tar']],
    [['--compress', 'lz4'], 'custom', 'lz4', ['archive.dump']],
    [['--format', 'directory', '--jobs', '3'], 'directory', 'zstd:1', ['archive/toc.dat']],
  ] as const)('%j', async (args, format, compression, names) => {
    await withNumbers(async ({ url: source, name }) => {
      await withStore(kind, async ({ url, env, keys, openUploads }) => {
        const flags = ['--source', source, '--name', 's', '--store', url, '--database', name, ...args];
        const result = await cli.run(['backup', '--json', ...flags], { env });
        expect({ status: result.status, leftovers: result.leftovers }).toEqual({ status: 0, leftovers: [] });
        const [done] = reportOf(result).databases;
        expect(done).toMatchObject({
          status: 'done',
          manifest: {
            dump: { format, compression },
            tables: [
              { schema: 'other', name: 'numbers', rows: 1 },
              { schema: 'public', name: 'nothing', rows: 0 },
              { schema: 'public', name: 'numbers', rows: 5000 },
            ],
          },
          verification: { level: 'read', verdict: 'intact' },
        });
        const id = done?.status === 'done' ? done.id : '';
        const found = await keys();
        for (const file of [...names, 'globals.sql', 'summary.json', 'manifest.json', 'verification.json'])
          expect(found).toContain(`${id}/${file}`);
        expect(openUploads()).toBe(0);
      });
    });
  });
});

test.each([
  ['none', undefined],
  ['checksum', ['checksum']],
  ['read', ['checksum', 'read']],
] as const)('--verify %s', async (level, checks) => {
  await withNumbers(async ({ url: source, name }) => {
    await withFileStore(async ({ url }) => {
      const flags = [
        '--source',
        source,
        '--name',
        's',
        '--store',
        url,
        '--database',
        name,
        '--verify',
        level,
      ];
      const result = await cli.run(['backup', '--json', ...flags]);
      expect(result.status).toBe(0);
      const [done] = reportOf(result).databases;
      const verification = done?.status === 'done' ? done.verification : undefined;
      expect(verification?.checks.map((check) => check.name)).toEqual(checks);
      const listed = await cli.run(['list', '--store', url]);
      expect(listed.stdout).toMatch(
        checks === undefined ? /not verified$/m : new RegExp(`intact \\(${level}\\)$`, 'm'),
      );
    });
  });
});

test('--rows none: nothing is counted, and nothing claimed', async () => {
  await withNumbers(async ({ url: source, name }) => {
    await withFileStore(async ({ url }) => {
      const flags = ['--source', source, '--name', 's', '--store', url, '--database', name, '--rows', 'none'];
      const result = await cli.run(['backup', '--json', ...flags]);
      expect(result.status).toBe(0);
      expect(reportOf(result).databases).toMatchObject([
        { manifest: { tables: [{ rows: null }, { rows: null }, { rows: null }] } },
      ]);
      const shown = await cli.run(['show', `s/${name}/latest`, '--store', url]);
      expect(shown.stdout).toMatch(/^Rows: +not counted$/m);
      expect((await cli.run(['verify', `s/${name}/latest`, '--store', url])).status).toBe(0);
    });
  });
});

test('--parallel takes several databases at once, and reports them in order', async () => {
  const names = ['c', 'a', 'b'].map((letter) => uniqueName(letter));
  await withNumbers(async ({ url: source, query }) => {
    for (const name of names) await query(`create database ${name}`);
    try {
      await withFileStore(async ({ url }) => {
        const flags = ['--source', source, '--store', url, ...names.flatMap((name) => ['--database', name])];
        const result = await cli.run(['backup', '--json', '--parallel', '3', ...flags]);
        expect(result.status).toBe(0);
        const { databases } = reportOf(result);
        expect(databases.map(({ database }) => database)).toEqual(names);
        const spans = databases.map((one) =>
          one.status === 'done' ? [one.manifest.startedAt, one.manifest.finishedAt] : [],
        );
        expect(spans.every(([start = '']) => spans.every(([, end = '']) => start < end))).toBe(true);
      });
    } finally {
      for (const name of names) await query(`drop database ${name} with (force)`);
    }
  });
});

test.each(storeKinds)(
  'runs at once for one database: what is taken is whole, the others say who has it, %s store',
  async (kind) => {
    await withNumbers(async ({ url: source, name }) => {
      await withStore(kind, async ({ url, env, keys, openUploads }) => {
        const flags = ['--source', source, '--name', 's', '--store', url, '--database', name];
        const results = await Promise.all(
          [1, 2, 3].map(() => cli.run(['backup', '--json', ...flags], { env })),
        );
        for (const { status, stderr } of results.filter((one) => one.status !== 0))
          expect({ status, stderr }).toEqual({
            status: 1,
            stderr: expect.stringMatching(/Another backup of .* is running on this server.*process \d+/),
          });
        const done = results.filter(({ status }) => status === 0);
        const ids = done.flatMap((result) =>
          reportOf(result).databases.map((one) => (one.status === 'done' ? one.id : '')),
        );
        expect(ids.length).toBeGreaterThan(0);
        expect(new Set(ids).size).toBe(ids.length);
        for (const id of ids) expect((await cli.run(['verify', id, '--store', url], { env })).status).toBe(0);
        const ofBackups = (await keys()).filter((key) => !key.endsWith('/RECOVERY.md'));
        expect(ofBackups).toHaveLength(5 * ids.length);
        expect(openUploads()).toBe(0);
      });
    });
  },
);

test('two thousand tables', async () => {
  const sql = `do $$ begin for i in 1..2000 loop
    execute format('create table t%s as select %s as i', i, i); if i % 500 = 0 then commit; end if; end loop; end $$`;
  await withDatabase(newestMajor(), { sql }, async ({ url: source, name }) => {
    await withFileStore(async ({ url }) => {
      const flags = ['--source', source, '--name', 's', '--store', url, '--database', name];
      const result = await cli.run(['backup', ...flags]);
      expect(result.status).toBe(0);
      expect(result.stderr).toMatch(/intact \(read\)$/m);
      const shown = await cli.run(['show', `s/${name}/latest`, '--store', url]);
      expect(shown.stdout).toMatch(/^Rows: +2 000 in 2 000 tables$/m);
      expect(shown.stdout).toContain('and 1 980 more: --json shows all');
    });
  });
}, 120_000);

describe('a machine with little on it', () => {
  test('no HOME, and a working directory that cannot be written', async () => {
    await withNumbers(async ({ url: source, name }) => {
      await withFileStore(async ({ url }) => {
        const cwd = await mkdtemp(join(cli.directory, 'cwd-'));
        await chmod(cwd, 0o500);
        const flags = ['--source', source, '--store', url, '--database', name];
        const result = await cli.run(['backup', ...flags], { cwd, env: { HOME: undefined } });
        expect(result.status).toBe(0);
      });
    });
  });

  test('a home that is not there', async () => {
    await withNumbers(async ({ url: source, name }) => {
      await withFileStore(async ({ url }) => {
        const flags = ['--source', source, '--store', url, '--database', name];
        const result = await cli.run(['backup', ...flags], { env: { HOME: '/nonexistent' } });
        expect(result.status).toBe(0);
      });
    });
  });

  test('what is written may be read by its owner only', async () => {
    await withNumbers(async ({ url: source, name }) => {
      await withFileStore(async ({ url, directory, keys }) => {
        const flags = ['--source', source, '--store', url, '--database', name];
        expect((await cli.run(['backup', ...flags])).status).toBe(0);
        for (const key of await keys()) expect((await stat(join(directory, key))).mode & 0o777).toBe(0o600);
        expect((await stat(directory)).mode & 0o777).toBe(0o700);
      });
    });
  });
});
