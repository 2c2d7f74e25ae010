import { delimiter } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cli, type CliResult, openCli } from '../../support/cli/run.ts';
import { withFileStore } from '../../support/cli/stores.ts';
import { hasFixtureExtensions, verificationToolsWithout } from '../../support/postgres/programs.ts';
import { newestMajor, runSql, uniqueName, withDatabase } from '../../support/postgres/servers.ts';

const major = newestMajor();
const hasExtensions = await hasFixtureExtensions(major);

let cli: Cli;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(async () => {
  await cli.close();
});

/** An extension that is not where it is verified, with a configuration table without rows, and what depends on it. */
const shop = `
  create extension uptime_memory_icu;
  create table orders (id int primary key); insert into orders values (1), (2);
  create table shelf (space uptime.space);`;

test.runIf(hasExtensions)(
  'what was accepted to lack: backup and verify end in order, list and show tell it, latest takes it',
  async () => {
    const { server, client } = await verificationToolsWithout(major);
    const env = { PGPROOF_PG_BIN: [server.directory, client.directory].join(delimiter) };
    const accepted = 'extension "uptime_memory_icu"';
    await withDatabase(major, { sql: shop }, ({ name, url, server: source }) =>
      withFileStore(async (store) => {
        const run = (verb: string, ...args: string[]): Promise<CliResult> =>
          cli.run([verb, ...args, '--store', store.url], { env });
        const backup = ['--source', url, '--name', 'shop', '--database', name, '--verify', 'restore'];
        const latest = `shop/${name}/latest`;
        const stored = await run('backup', ...backup, '--without', accepted);
        expect(stored).toMatchObject({ status: 0, stderr: expect.stringContaining('proven-without') });
        const verified = await run('verify', latest, '--level', 'restore', '--without', accepted);
        expect(verified).toMatchObject({ status: 0, stderr: '' });
        expect(verified.stdout).toMatch(
          /: proven-without \(restore\), .*contained.*\n[\s\S]*\n {2}without extension "uptime/,
        );

        expect((await run('list')).stdout.match(/proven-without \(restore\)$/gm)).toHaveLength(1);
        expect((await run('show', latest)).stdout).toMatch(
          /^Verdict: +proven-without \(restore\), contained by \w+\nReached: +read, counts as good\n[\s\S]*^ {2}without extension "uptime/m,
        );
        expect((await run('show', latest)).stdout).toMatch(
          /^Recovery: {3}Restored in \S+ s on 20\S+: fetch .* s, .*rows .* s, indexes .* s; \S+ MB, \d jobs?, /m,
        );
        expect(JSON.parse((await run('list', '--json')).stdout)).toMatchObject([
          {
            verification: {
              timings: { fetchSeconds: expect.any(Number), restoredBytes: expect.any(Number) },
            },
          },
        ]);
        expect(JSON.parse((await run('show', latest, '--json')).stdout)).toMatchObject({
          good: true,
          verification: {
            verdict: 'proven-without',
            without: [accepted],
            timings: { restoreSeconds: expect.any(Number) },
            history: [{ timings: { restoreSeconds: expect.any(Number) } }],
          },
        });

        const restored = uniqueName('restored');
        const to = Object.assign(new URL(url), { pathname: `/${restored}` }).href;
        try {
          const { status, stderr } = await run('restore', latest, '--to', to, '--create');
          expect({ status, stderr }).toEqual({ status: 0, stderr: expect.stringContaining('3 tables') });
          expect(stderr).toMatch(
            /^\S+ \S?B to fetch, about .* to restore; it took .* s with \d+ jobs? .* when it was last proven, on 20/m,
          );
        } finally {
          await runSql(source.parameters, `drop database if exists ${restored}`);
        }
      }),
    );
  },
);

const store = ['--store', 'file:///nowhere'];

test.each([
  ['a name without a type', ['verify', 'a/b/latest', '--level', 'restore', '--without', 'aws_commons']],
  ['a backup', ['backup', '--verify', 'restore', '--without', 'extension "a']],
])(
  'what does not say what may lack is wrong usage, told before anything is looked for: %s',
  async (_, args) => {
    const { status, stdout, stderr } = await cli.run([...args, ...store]);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(stderr).toMatch(/^pgproof: Option '--without <spec>' .*\(expected TYPE NAME or TYPE SCHEMA\.NAME/);
  },
);

test.each([
  ['verify', ['verify', 'a/b/latest']],
  ['backup', ['backup', '--verify', 'checksum']],
])('nothing can lack where nothing is restored: %s', async (_, args) => {
  const { status, stderr } = await cli.run([...args, ...store, '--without', 'extension a']);
  expect(status).toBe(2);
  expect(stderr).toMatch(/^pgproof: --without is about a restore: .*\(expected restore or auto\)/);
});
