import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodeName } from '../../../core/manifest/backup-id.ts';
import { childEnvironment } from '../../../core/postgres/connect/child-environment.ts';
import { quoteConninfo } from '../../../core/postgres/libpq/conninfo.ts';
import { qualifiedName, quoteIdentifier } from '../../../core/postgres/names.ts';
import { chooseTools, toolPath } from '../../../core/postgres/programs/tools.ts';
import type { PrivateServer } from '../../../core/postgres/server/private-server.ts';
import { type Cli, type CliOptions, openCli } from '../../support/cli/run.ts';
import { storeKinds, withFileStore, withStore } from '../../support/cli/stores.ts';
import { findTools, startServer } from '../../support/postgres/programs.ts';
import { newestMajor, runSql } from '../../support/postgres/servers.ts';

const names = ['host=evil dbname=x', 'a b', 'Ünïcode "quoted"', '-Fp', 'x/../y', 'new\nline'];
const tables = 2 * names.length;
/** Every table of the n-th schema has n + 1 rows. */
const rows = names.reduce((sum, _, index) => sum + 2 * (index + 1), 0);

let cli: Cli;
let server: PrivateServer;
beforeAll(async () => {
  cli = await openCli();
  server = await startServer({ major: newestMajor() });
  for (const name of names) {
    await runSql(server.parameters, `create database ${quoteIdentifier(name)}`);
    await runSql({ ...server.parameters, database: name }, names.map(schemaSql).join(''));
  }
});
afterAll(async () => {
  await server?.stop();
  await cli?.close();
});

/** A schema with that name, and two tables in it whose names are as odd. */
function schemaSql(name: string, index: number): string {
  const schema = quoteIdentifier(name);
  const content = `as select i, i::text || E'\\n\\\\.\\n' as s from generate_series(1, ${index + 1}) i;`;
  return `create schema ${schema}; create table ${schema}.${schema} ${content}
    create table ${schema}.${quoteIdentifier(`COPY ${name} FROM stdin;`)} ${content}`;
}

function source(): string {
  const { host, port } = server.parameters;
  return `postgresql://postgres@/postgres?host=${encodeURIComponent(host)}&port=${port}`;
}

type Called = { readonly json: unknown; readonly text: string };

/** Calls the command, which has to succeed, on the store of these options. */
function caller(url: string, env: CliOptions['env']): (...args: string[]) => Promise<Called> {
  return async (...args) => {
    const { status, stdout, stderr, leftovers } = await cli.run([...args, '--store', url], { env });
    expect({ args, status, leftovers, stderr }).toMatchObject({ status: 0, leftovers: [] });
    return { json: args.includes('--json') ? JSON.parse(stdout) : undefined, text: stdout + stderr };
  };
}

const sourceName = 'sour/ce é';
const backupAll = ['--name', sourceName, '--json'];

function prefixOf(name: string): string {
  return `${encodeName(sourceName)}/${encodeName(name)}/`;
}

test('databases with odd names: backed up one by one, listed, shown and verified', async () => {
  await withFileStore(async ({ url }) => {
    const call = caller(url, {});
    for (const name of names) {
      const one = await call('backup', '--source', source(), ...backupAll, `--database=${name}`);
      const result = {
        status: 'done',
        database: name,
        manifest: { tables: { length: tables } },
        verification: { verdict: 'intact' },
      };
      expect(one.json).toMatchObject({ databases: [result] });
      const [{ id }] = (one.json as { databases: [{ id: string }] }).databases;
      expect(id.startsWith(prefixOf(name))).toBe(true);
      const verified = await call('verify', id, '--json');
      expect(verified.json).toMatchObject({ id, verdict: 'intact' });
      const shown = await call('show', `${prefixOf(name)}latest`);
      expect(shown.text).toContain(`${rows} in ${tables} tables`);
      // A name must not be able to fake a line of what is printed.
      expect(shown.text).not.toContain('\nline');
      const listed = await call('list', '--database', name, '--json');
      expect(listed.json).toMatchObject([{ id, summary: { database: name } }]);
    }
  });
}, 120_000);

test.each(storeKinds)(
  'databases with odd names, all at once, in a %s store',
  async (kind) => {
    await withStore(kind, async ({ url, env, keys, openUploads }) => {
      const call = caller(url, env);
      const all = await call('backup', '--source', source(), ...backupAll, '--verify', 'none');
      expect(all.json).toMatchObject({ databases: { length: names.length } });
      for (const name of names) {
        const id = expect.stringContaining(prefixOf(name));
        const verified = await call('verify', `${prefixOf(name)}latest`, '--json');
        expect(verified.json).toMatchObject({ id, verdict: 'intact' });
      }
      const found = await keys();
      expect(found).toHaveLength(names.length * 6);
      expect(found.filter((key) => key.endsWith('/RECOVERY.md'))).toEqual(
        names.map((name) => `${prefixOf(name)}RECOVERY.md`).sort(),
      );
      expect(openUploads()).toBe(0);
      // Several reads at once: Node warns of more than ten listeners on one signal.
      const list = await cli.run(['list', '--store', url], { env });
      expect(list.stderr).toBe('');
      expect(list.stdout.trimEnd().split('\n')).toHaveLength(1 + names.length);
    });
  },
  120_000,
);

test('the files restore with PostgreSQL’s own programs and nothing of ours', async () => {
  await withFileStore(async ({ url, directory }) => {
    const pgRestore = toolPath(chooseTools(await findTools(), server.major), 'pg_restore');
    const env = childEnvironment(server.parameters);
    const args = ['backup', '--source', source(), '--store', url, '--verify', 'none', '--json'];
    const { status, stdout } = await cli.run(args);
    expect(status).toBe(0);
    const made = (JSON.parse(stdout) as { databases: { id: string; database: string }[] }).databases;
    for (const [index, name] of names.entries()) {
      const { id } = made.find(({ database }) => database === name) ?? { id: 'none' };
      const into = `restored ${index}`;
      await runSql(server.parameters, `create database ${quoteIdentifier(into)}`);
      const archive = join(directory, id, 'archive.dump');
      const target = `--dbname=${quoteConninfo(into)}`;
      await promisify(execFile)(pgRestore, ['--exit-on-error', target, archive], { env });
      expect(await countEverything(into)).toEqual(await countEverything(name));
    }
  });
});

/** Rows by table, and a digest of them. */
async function countEverything(database: string): Promise<Map<string, unknown>> {
  const parameters = { ...server.parameters, database };
  const found = await runSql<{ schema: string; name: string }>(
    parameters,
    `select schemaname as schema, tablename as name from pg_tables
      where schemaname !~ '^pg_' and schemaname <> 'information_schema' order by 1, 2`,
  );
  expect(found).toHaveLength(tables);
  const counted = new Map<string, unknown>();
  for (const table of found) {
    const [row] = await runSql(
      parameters,
      `select count(*), md5(string_agg(t::text, ',' order by i)) from ${qualifiedName(table)} t`,
    );
    counted.set(qualifiedName(table), row);
  }
  return counted;
}
