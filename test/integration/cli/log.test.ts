import { truncate } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Cli, type CliResult, openCli } from '../../support/cli/run.ts';
import { withFileStore } from '../../support/cli/stores.ts';
import { newestMajor, type TestDatabase, uniqueName, withDatabase } from '../../support/postgres/servers.ts';

let cli: Cli;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(() => cli.close());

type Situation = {
  readonly database: TestDatabase;
  /** Where backups go, and where copies. */
  readonly url: string;
  readonly directory: string;
  readonly other: string;
  readonly run: (args: readonly string[], env?: Readonly<Record<string, string>>) => Promise<CliResult>;
};

const shop = { sql: 'create table orders as select generate_series(1, 70) as i' };

function inSituation<T>(use: (situation: Situation) => Promise<T>): Promise<T> {
  return withDatabase(newestMajor(), shop, (database) =>
    withFileStore(({ url, directory }) =>
      withFileStore(({ url: other }) =>
        use({ database, url, directory, other, run: (args, env) => cli.run(args, { env }) }),
      ),
    ),
  );
}

const backupOf = ({ database, url }: Situation): string[] => [
  ...['backup', '--store', url, '--source', database.url, '--name', 'shop', '--database', database.name],
];

const rowsOf = (database: TestDatabase, table = 'public.backup_log') =>
  database.query<Record<string, unknown>>(`select * from ${table} order by id`);

test('backup, verify, copy and prune of a command each leave what they did in one row', () =>
  inSituation(async (situation) => {
    const { database, url, other, run } = situation;
    const log = ['--log', database.url];
    // Two, so that prune has one to take away.
    for (const verify of ['none', 'read']) {
      const backup = await run([...backupOf(situation), ...log, '--verify', verify, '--json']);
      expect(backup.status, backup.stderr).toBe(0);
      expect(backup.stderr).not.toContain('backup_log');
    }
    const [first, second] = await rowsOf(database);
    expect(first).toMatchObject({
      source: 'shop',
      schedule: null,
      database_name: database.name,
      status: 'completed',
      rows: '70',
      verdict: null,
    });
    expect(second).toMatchObject({ status: 'completed', verdict: 'intact', level: 'read' });
    expect(first?.run).not.toBe(second?.run);
    const id = String(first?.backup_id);
    expect(first?.backup_file).toBe(`${url}/${id}/archive.dump`);

    const verified = await run(['verify', id, '--store', url, '--level', 'read', ...log]);
    expect(verified.status, verified.stderr).toBe(0);
    // A weaker one that passes replaces nothing.
    expect((await run(['verify', id, '--store', url, '--level', 'checksum', ...log])).status).toBe(0);
    expect((await rowsOf(database))[0]).toMatchObject({ verdict: 'intact', level: 'read' });

    const copied = await run(['copy', '--all-missing', '--store', url, '--to', other, ...log]);
    expect(copied.status, copied.stderr).toBe(0);
    expect((await rowsOf(database)).map((row) => row.copied_to)).toEqual([[other], [other]]);

    const prune = ['prune', '--store', url, '--keep', 'last=1', '--min', '1', ...log];
    expect((await run(prune)).status).toBe(0);
    expect((await rowsOf(database)).map((row) => row.pruned_at)).toEqual([null, null]);
    const pruned = await run([...prune, '--yes']);
    expect(pruned.status, pruned.stderr).toBe(0);
    const rows = await rowsOf(database);
    expect(rows.map((row) => row.pruned_at)).toEqual([expect.any(Date), null]);
    expect(rows[0]).toMatchObject({ copied_to: [other], status: 'completed' });
  }));

test('what fails stands there too: a database that is not there, a backup whose archive is damaged', () =>
  inSituation(async (situation) => {
    const { database, url, directory, other, run } = situation;
    const env = { PGPROOF_LOG: database.url };
    const typo = uniqueName('typo');
    const backup = await run([...backupOf(situation), '--database', typo], env);
    expect(backup.status).toBe(1);
    const byName = Object.fromEntries((await rowsOf(database)).map((row) => [row.database_name, row]));
    expect(byName[typo]).toMatchObject({ status: 'failed', backup_id: null });
    expect(String(byName[typo]?.error_message)).toContain('does not exist');
    expect(byName[database.name]).toMatchObject({ status: 'completed' });
    const id = String(byName[database.name]?.backup_id);
    const gone = 'postgresql://postgres@127.0.0.1:1/postgres';
    expect((await run(['backup', '--store', url, '--source', gone, '--name', 'gone'], env)).status).toBe(1);
    const [whole] = await database.query("select * from backup_log where source = 'gone'");
    expect(whole).toMatchObject({ status: 'failed', database_name: '' });
    await truncate(join(directory, id, 'archive.dump'), 10);
    expect((await run(['copy', id, '--store', url, '--to', other], env)).status).toBe(1);
    const rowOfIt = 'select * from backup_log where backup_id = $1';
    const [copied] = await database.query<Record<string, unknown>>(rowOfIt, [id]);
    expect(copied).toMatchObject({ status: 'completed', copied_to: [] });
    expect(String(copied?.error_message)).toContain('archive.dump');
    expect((await run(['verify', id, '--store', url], env)).status).toBe(1);
    const [verified] = await database.query<Record<string, unknown>>(rowOfIt, [id]);
    expect(verified).toMatchObject({ status: 'failed', verdict: 'failed' });
  }));

test('a database that is away, silent or another thing is a warning: result and exit status are the same', () =>
  inSituation(async (situation) => {
    const { database, url, other, run } = situation;
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const { port } = silent.address() as AddressInfo;
    await database.query('create table public.taken (i int)');
    const away = ['--log', 'postgresql://nobody:canary-secret@127.0.0.1:1/nowhere'];
    const backup = await run([...backupOf(situation), ...away, '--json']);
    expect(backup.status, backup.stderr).toBe(0);
    expect(JSON.parse(backup.stdout)).toMatchObject({ source: 'shop', databases: [{ status: 'done' }] });
    const latest = `shop/${database.name}/latest`;
    const noFile = { PGSERVICEFILE: '/nowhere/pg_service.conf' };
    const others = await Promise.all([
      run(['verify', latest, '--store', url, '--log', `postgresql://nobody@127.0.0.1:${port}/nowhere`]),
      run(['copy', latest, '--store', url, '--to', other, '--log', database.url, '--log-table', 'taken']),
      run(['verify', latest, '--store', url, '--log', 'service=gone'], noFile),
    ]).finally(() => silent.close());
    for (const end of [backup, ...others]) {
      expect(end.status, end.stderr).toBe(0);
      expect(end.stderr).toContain('backup_log could not be written');
      expect(end.stderr + end.stdout).not.toContain('canary-secret');
    }
    expect(await database.query('select * from public.taken')).toEqual([]);
  }));

test('another schema and name, and the URL from the environment; a URL that is none is told before anything begins', () =>
  inSituation(async (situation) => {
    const { database, url, run } = situation;
    await database.query('create schema "Ops"');
    const place = ['--log-schema', 'Ops', '--log-table', 'night "log"'];
    const backup = await run([...backupOf(situation), ...place], { PGPROOF_LOG: database.url });
    expect(backup.status, backup.stderr).toBe(0);
    expect(await rowsOf(database, '"Ops"."night ""log"""')).toMatchObject([{ status: 'completed' }]);
    for (const log of ['postgresql://[bad/x', '']) {
      const wrong = await run(['prune', '--store', url, '--keep', 'last=1', '--yes', '--log', log]);
      expect(wrong.status, wrong.stderr).toBe(2);
      expect(wrong.stderr).toContain('--log');
    }
    const long = await run(['prune', '--store', url, '--sweep', '--log-table', 'x'.repeat(51)]);
    expect(long.status).toBe(2);
    expect(long.stderr).toContain('at most 50 bytes');
  }));
