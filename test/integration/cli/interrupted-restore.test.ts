import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { withAwsServer } from '../../support/aws/server.ts';
import { type Cli, openCli, type StartedCli } from '../../support/cli/run.ts';
import { s3Store } from '../../support/cli/stores.ts';
import { newestMajor, runSql, uniqueName, withDatabase } from '../../support/postgres/servers.ts';

let cli: Cli;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(() => cli?.close());

/** An index that takes a minute: by then all else is there. */
const slow = `create table orders as select 1 as i; create table noise as select md5(i::text) from generate_series(1, 20000) i;
  create function slow(i int) returns int immutable language plpgsql as $$
    begin if current_database() like 'slowly%' then perform pg_catalog.pg_sleep(60); end if; return i; end $$;
  create index on orders (slow(i))`;

test('a restore that is interrupted says what it made, and what not', () =>
  withDatabase(newestMajor(), { sql: slow }, ({ url: source, name, server }) =>
    withAwsServer({ buckets: ['bucket'] }, async (aws) => {
      const { url, env } = s3Store(aws);
      const which = ['--source', source, '--name', 's', '--database', name, '--verify', 'none'];
      expect(await cli.run(['backup', ...which, '--store', url], { env })).toMatchObject({ status: 0 });
      const to = new URL(source);
      const restore = async (
        signal: NodeJS.Signals,
        ready: (started: StartedCli) => Promise<void>,
        ...flags: string[]
      ): Promise<string> => {
        const args = ['restore', `s/${name}/latest`, '--any', '--store', url, '--to', to.href, ...flags];
        const started = await cli.start(args, { env });
        await ready(started);
        started.child.kill(signal);
        const { stderr, leftovers } = await started.ended;
        expect(leftovers).toEqual([]);
        expect(stderr.match(/^pgproof: /gm)).toHaveLength(1);
        return stderr.slice(stderr.indexOf('pgproof: '));
      };
      const databases = async (): Promise<string[]> =>
        (
          await runSql<{ datname: string }>(
            server.parameters,
            "select datname from pg_database where datname like 'slowly%'",
          )
        ).map(({ datname }) => datname);
      const indexing = async ({ ended }: StartedCli): Promise<void> => {
        const unexpected = ended.then(({ stderr }) => Promise.reject(new Error(stderr)));
        const sql = `select 1 from pg_stat_activity where datname = $1 and query ilike 'create index%'`;
        while ((await runSql(server.parameters, sql, [to.pathname.slice(1)])).length === 0)
          await Promise.race([wait(50), unexpected]);
        unexpected.catch(() => undefined);
      };

      // Fetching: nothing is there yet.
      to.pathname = `/${uniqueName('slowly')}`;
      // A target that is refused is so before the archive is fetched: all reads but that one.
      const before = aws.s3.calls('GetObject');
      const refused = ['restore', `s/${name}/latest`, '--any', '--store', url, '--to', source];
      expect(await cli.run(refused, { env })).toMatchObject({
        stderr: expect.stringContaining('is not empty'),
      });
      const reads = aws.s3.calls('GetObject') - before;
      const isRead = (calls: number) => async (): Promise<void> => {
        while (aws.s3.calls('GetObject') < calls) await wait(20);
      };
      aws.s3.misbehave({ operation: 'GetObject', action: 'stall', skip: reads, times: 100 });
      const fetching = await restore('SIGINT', isRead(before + 2 * reads + 1), '--create');
      expect(fetching).toMatch(
        /interrupted \(SIGINT\)\. Nothing was made or changed on \S+\. Run it again\.$/m,
      );
      expect(await databases()).toEqual([]);

      aws.s3.behave();

      const made = uniqueName('slowly');
      to.pathname = `/${made}`;
      try {
        const restoring = await restore('SIGTERM', indexing, '--create');
        expect(restoring).toContain(
          `The database "${made}" was made, and what is in it is not complete. Run this again with --replace-incomplete`,
        );
        expect(restoring).not.toMatch(/nothing (?:half-done )?was left|Nothing was made/);
        expect(await databases()).toEqual([made]);
        await runSql({ ...server.parameters, database: made }, 'drop table orders');
        const beside = await restore('SIGHUP', indexing, '--into-non-empty', '--table', 'orders');
        expect(beside).toMatch(/stays in the database .*, beside what was there before.*public\.orders/);
        expect(beside).not.toMatch(/drop (?:that )?database/i);
      } finally {
        await runSql(server.parameters, `drop database if exists ${made} with (force)`);
      }
    }),
  ));
