import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BackupReport } from '../../../core/backup/report.ts';
import { type Cli, type CliResult, openCli } from '../../support/cli/run.ts';
import { withFileStore } from '../../support/cli/stores.ts';
import { newestMajor, runSql, uniqueName, withDatabase } from '../../support/postgres/servers.ts';

let cli: Cli;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(() => cli?.close());

const content = `
  create table users (id int primary key, name text); insert into users values (1, 'a'), (2, 'b');
  create table orders (id int primary key, "user" int references users (id)); insert into orders values (1, 2);
  create table audit as select i from generate_series(1, 1000) i`;

const flags = ['--exclude-table', 'users', '--exclude-table-data', 'audit'];

test('a whole nightly and a partial one beside it: what each command makes of them', async () => {
  await withDatabase(newestMajor(), { sql: content }, async ({ name, url, server }) => {
    await withFileStore(async (store) => {
      const run = (verb: string, ...args: string[]): Promise<CliResult> =>
        cli.run([verb, ...args, '--store', store.url]);
      const backup = (...args: string[]): Promise<CliResult> =>
        run('backup', '--source', url, '--name', 'shop', '--database', name, '--json', ...args);
      const idOf = ({ stdout }: CliResult): string => {
        const [done] = (JSON.parse(stdout) as BackupReport).databases;
        return done?.status === 'done' ? done.id : '';
      };
      const latest = `shop/${name}/latest`;
      const early = idOf(await backup(...flags));
      for (const verb of ['show', 'verify', 'restore', 'hold'] as const) {
        const more = { restore: ['--to', url], hold: ['--reason', 'x'], show: [], verify: [] }[verb];
        const refused = await run(verb, latest, ...more);
        expect(refused).toMatchObject({
          status: 1,
          stderr: expect.stringContaining('There is no whole backup'),
        });
        expect(refused.stderr).toContain('--partial');
      }
      const whole = idOf(await backup());
      const late = await backup(...flags);
      const partial = idOf(late);
      expect(late).toMatchObject({ status: 0, stderr: expect.stringContaining('cannot be restored') });

      const list = await run('list');
      expect(list.stdout).toMatch(/VERDICT +PART\n/);
      expect(list.stdout.match(/intact \(read\) +partial/g)).toHaveLength(2);
      for (const line of list.stdout.split('\n').filter((text) => text.startsWith(whole)))
        expect(line).not.toContain('partial');
      const listed = JSON.parse((await run('list', '--json')).stdout) as { id: string; partial?: boolean }[];
      expect(listed.map((entry) => [entry.id, entry.partial])).toEqual([
        [partial, true],
        [whole, undefined],
        [early, true],
      ]);

      expect((await run('show', latest)).stdout).toContain(`Backup:     ${whole}\n`);
      const shown = (await run('show', latest, '--partial')).stdout;
      expect(shown).toContain(`Backup:     ${partial}\n`);
      expect(shown).toMatch(/^Partial: +without tables "users"; without rows of "audit"$/m);
      expect(shown).toMatch(/^Left out: +public\.users$/m);
      expect(shown).toMatch(/^No rows of: public\.audit$/m);
      expect(shown).toMatch(
        /^Not restored: ?constraint orders_user_fkey on table public\.orders \(needs table/m,
      );
      expect((await run('verify', latest, '--level', 'checksum')).stdout).toContain(whole);
      expect((await run('verify', latest, '--level', 'checksum', '--partial')).stdout).toContain(partial);

      const restored = uniqueName('restored');
      const to = Object.assign(new URL(url), { pathname: `/${restored}` }).href;
      try {
        const { status, stdout, stderr } = await run('restore', partial, '--to', to, '--create');
        expect({ status, stderr }).toMatchObject({
          status: 0,
          stderr: expect.stringMatching(/Careful: .* is partial: 1 table and/),
        });
        expect(stderr).toContain(
          'constraint orders_user_fkey on table public.orders, which needs table public.users',
        );
        expect(stdout).not.toMatch(/users|audit/);
        const there = await runSql<{ audit: string; orders: string; users: string | null }>(
          { ...server.parameters, database: restored },
          `select (select count(*) from audit) as audit, (select count(*) from orders) as orders, to_regclass('users') as users`,
        );
        expect(there).toEqual([{ audit: '0', orders: '1', users: null }]);
      } finally {
        await runSql(server.parameters, `drop database if exists ${restored}`);
      }

      // The partial ones count for nothing: the whole one is the newest, and none pushes it out.
      const pruned = await run('prune', '--keep', 'last=1', '--min', '1', '--yes', '--json');
      expect({ status: pruned.status, stderr: pruned.stderr }).toMatchObject({ status: 0 });
      expect((JSON.parse((await run('list', '--json')).stdout) as unknown[]).length).toBe(3);
    });
  });
});

test('what contradicts itself is a wrong call', async () => {
  await withFileStore(async (store) => {
    const args = ['--store', store.url, '--schema', 'app', '--exclude-schema', 'app'];
    expect(await cli.run(['backup', ...args])).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('--schema "app" --exclude-schema "app"'),
    });
    expect(await cli.run(['backup', '--store', store.url, '--exclude-table', ''])).toMatchObject({
      status: 2,
    });
  });
});
