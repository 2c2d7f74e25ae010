import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Rehearsal } from '../../../core/restore/rehearsal.ts';
import { runBackup, withFileStore } from '../../support/backup/run.ts';
import { type Cli, openCli } from '../../support/cli/run.ts';
import { newestMajor, runSql, withOwnServer } from '../../support/postgres/servers.ts';

let cli: Cli;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(async () => {
  await cli.close();
});

const roles = `create role seller; create role "reader WITH SUPERUSER"; grant "reader WITH SUPERUSER" to seller;
  create role clerk login password 'secret of clerk' createdb connection limit 7;`;
const shop = `create table orders (id int primary key); alter table orders owner to seller;
  alter table orders enable row level security; create policy mine on orders to clerk using (true);
  insert into orders select generate_series(1, 20)`;
const dropped = ['drop role seller', 'drop role "reader WITH SUPERUSER"', 'drop role clerk'];

type Restore = (name: string, more: readonly string[]) => ReturnType<Cli['run']>;
type Query = <Row extends Record<string, unknown>>(sql: string) => Promise<Row[]>;

/** A server that lost a database and its roles, and a role there that makes roles and databases and is no superuser. */
async function asMaker(extra: string, use: (restore: Restore, query: Query) => Promise<void>): Promise<void> {
  await withOwnServer(newestMajor(), { tcp: true }, ({ parameters, tcpParameters }) =>
    withFileStore(async (store, _files, directory) => {
      const query: Query = (sql) => runSql(parameters, sql);
      await query(`${roles} ${extra}`);
      await query('create database shop');
      const inside = { ...parameters, database: 'shop' };
      await runSql(inside, shop);
      const { databases } = await runBackup(inside, store).outcome;
      const [result] = databases;
      if (result?.status !== 'done' || tcpParameters === undefined) throw new Error(JSON.stringify(result));
      await query('drop database shop');
      for (const sql of dropped) await query(sql);
      if (extra !== '') await query('drop role chief');
      await query("create role maker login createrole createdb password 'maker'");
      const to = `postgresql://maker:maker@127.0.0.1:${tcpParameters.port}/`;
      await use(
        (name, more) =>
          cli.run(['restore', result.id, '--store', `file://${directory}`, '--to', `${to}${name}`, ...more]),
        query,
      );
    }),
  );
}

test('a role that is no superuser makes roles with their attributes, passwords and memberships', () =>
  asMaker('', async (restore, query) => {
    const args = ['--create', '--globals', 'apply', '--no-owner'];
    const rehearsed = await restore('again', [...args, '--dry-run']);
    expect(rehearsed.stderr).toContain('The restore would be tried');
    const { status, stderr } = await restore('again', args);
    expect(stderr).toContain('3 roles and 0 tablespaces were made');
    expect(status).toBe(0);
    expect(
      await query(
        `select rolname, rolcanlogin as login, rolcreatedb as makes, rolconnlimit as most,
           rolpassword like 'SCRAM%' as has_password from pg_authid where rolname in ('seller', 'clerk') order by 1`,
      ),
    ).toEqual([
      { rolname: 'clerk', login: true, makes: true, most: 7, has_password: true },
      { rolname: 'seller', login: false, makes: false, most: -1, has_password: null },
    ]);
    expect(await query(`select pg_has_role('seller', 'reader WITH SUPERUSER', 'usage') as is`)).toEqual([
      { is: true },
    ]);
  }));

test('superusers that it cannot make are told before; where roles fail all the same, no database is said to be there', () =>
  asMaker('create role chief superuser;', async (restore, query) => {
    const args = ['--create', '--globals', 'apply', '--no-owner', '--allow-superusers'];
    const { status, stdout } = await restore('again', [...args, '--dry-run', '--json']);
    expect(status).toBe(1);
    const { findings } = JSON.parse(stdout) as Rehearsal;
    expect(findings.filter((one) => one.status === 'refused').map(({ detail }) => detail)).toEqual([
      'The role "maker" is no superuser, and may not make superusers: "chief"',
    ]);
    const refused = await restore('again', args);
    expect(refused.stderr).toContain('may not make superusers: "chief". ');
    expect(await query(`select 1 from pg_roles where rolname in ('seller', 'chief')`)).toEqual([]);

    const kept = await restore('again', [...args, '--keep-going']);
    expect(kept.status).toBe(1);
    expect(kept.stdout).toContain('NOT RESTORED');
    expect(await query(`select 1 from pg_database where datname = 'again'`)).toHaveLength(1);

    // A membership that only a superuser gives is found by the server alone.
    await query('drop database again');
    for (const sql of [...dropped, 'drop role chief']) await query(sql);
    await query('create role "reader WITH SUPERUSER" superuser; create role chief');
    const failed = await restore('again', args);
    expect(failed.status).toBe(1);
    expect(failed.stderr).toContain('Nothing was made or changed but roles and tablespaces');
    expect(failed.stderr).not.toContain('drop that database');
    expect(await query(`select 1 from pg_database where datname = 'again'`)).toEqual([]);
  }));

test('a role that only a policy names is no matter of --no-owner --no-privileges, and nobody is told so', () =>
  asMaker('', async (restore) => {
    const args = ['--create', '--no-owner', '--no-privileges'];
    const refused = await restore('again', args);
    expect(refused.status).toBe(1);
    expect(refused.stderr).toContain('Policies and the like name "clerk", which no flag leaves out');
    expect(refused.stderr).toContain('--keep-going');
    const kept = await restore('again', [...args, '--keep-going']);
    expect(kept.stdout.trim().split('\n').slice(1)).toEqual([
      expect.stringMatching(/^POLICY orders mine .*role "clerk" does not exist$/),
    ]);
  }));
