import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { backupLockKeys } from '../../../../core/backup/take-turn.ts';
import type { PostgresTools } from '../../../../core/postgres/programs/tools.ts';
import { realTools, runBackup, withFileStore } from '../../../support/backup/run.ts';
import { type Cli, openCli } from '../../../support/cli/run.ts';
import {
  newestMajor,
  outerMajors,
  uniqueName,
  withClient,
  withDatabase,
} from '../../../support/postgres/servers.ts';
import { withStandby } from '../../../support/postgres/standby.ts';

let cli: Cli;
beforeAll(async () => {
  cli = await openCli();
});
afterAll(() => cli?.close());

/** Resolves `begun` when the snapshot is open, and goes on when `go` is called. */
function heldUp(): {
  readonly begun: Promise<void>;
  readonly go: () => void;
  readonly tools: (major: number) => Promise<PostgresTools>;
} {
  let tell = (): void => undefined;
  const begun = new Promise<void>((resolve) => {
    tell = resolve;
  });
  let open = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  let calls = 0;
  return {
    begun,
    go: () => open(),
    tools: async (major) => {
      calls += 1;
      // Asked for once before the run, and then with the snapshot open.
      if (calls === 2) {
        tell();
        await gate;
      }
      return realTools(major);
    },
  };
}

const holdsTurn = `select own.pid from pg_locks own join pg_database at on at.oid = own.database
  where own.locktype = 'advisory' and own.objsubid = 2 and at.datname = current_database()
    and own.classid = ${backupLockKeys.classid} and own.objid = ${backupLockKeys.objid}`;

describe.each(outerMajors())('two backups of one database of PostgreSQL %i at once', (major) => {
  test('the second, under another name and into another store, says who has it, and goes on', async () => {
    await withDatabase(major, { sql: 'create table t as select 1 as a' }, async (one) => {
      await withDatabase(major, {}, async (other) => {
        await withFileStore((store) =>
          withFileStore(async (elsewhere, files) => {
            const { begun, go, tools } = heldUp();
            const first = runBackup(one.parameters, store, {}, { tools });
            await begun;
            const [holder] = await one.query<{ pid: number }>(holdsTurn);
            const second = runBackup(
              one.parameters,
              elsewhere,
              { databases: [one.name, other.name], format: 'directory', jobs: 2 },
              { source: { name: 'another', resolve: async () => one.parameters } },
            );
            const { databases } = await second.outcome;
            expect(databases.map(({ database, status }) => [database, status])).toEqual([
              [one.name, 'failed'],
              [other.name, 'done'],
            ]);
            expect(databases[0]).toMatchObject({ error: { name: 'AlreadyRunning' } });
            expect(second.alerts).toHaveLength(1);
            expect(second.alerts[0]?.subject).toMatch(/^LOOK AT BACKUP another\/.*Another backup of/);
            expect(second.alerts[0]?.text).toContain(`process ${holder?.pid} of the server has its turn`);
            expect(second.alerts[0]?.text).toMatch(/application "pgproof", role ".*", since 20/);
            expect((await files()).some((path) => path.includes(one.name))).toBe(false);
            go();
            expect((await first.outcome).databases).toMatchObject([{ status: 'done' }]);
            expect(await one.query(holdsTurn)).toEqual([]);
          }),
        );
      });
    });
  });
});

test('a role without any right learns as much as it may see, with names that act on no terminal', async () => {
  const role = uniqueName('poor');
  await withDatabase(newestMajor(), {}, async ({ parameters, tcpParameters, query }) => {
    await query(`create role ${role} login password 'secret'`);
    try {
      await withFileStore(async (store) => {
        await withClient(parameters, async (client) => {
          await client.query("set application_name = 'evil'");
          await client.query('select pg_advisory_lock($1, $2)', [
            backupLockKeys.classid,
            backupLockKeys.objid,
          ]);
          const poor = { ...tcpParameters, user: role, password: 'secret' };
          const { databases } = await runBackup(poor, store).outcome;
          expect(databases).toMatchObject([
            {
              status: 'failed',
              error: { name: 'AlreadyRunning', message: expect.stringMatching(/process \d+ .*"evil"/) },
            },
          ]);
        });
      });
    } finally {
      await query(`drop role ${role}`);
    }
  });
});

test('what an application locks itself is in nobody’s way', async () => {
  await withDatabase(newestMajor(), {}, async ({ parameters, query }) => {
    await withFileStore(async (store) => {
      const { begun, go, tools } = heldUp();
      const { outcome } = runBackup(parameters, store, {}, { tools });
      await begun;
      const locks = 'pg_try_advisory_lock(1) as one, pg_try_advisory_lock(0, 0) as two';
      const swapped = `pg_try_advisory_lock(${backupLockKeys.objid}, ${backupLockKeys.classid}) as swapped`;
      expect(await query(`select ${locks}, ${swapped}`)).toEqual([{ one: true, two: true, swapped: true }]);
      go();
      expect((await outcome).databases).toMatchObject([{ status: 'done' }]);
    });
  });
});

test('on a standby too', async () => {
  await withStandby(newestMajor(), 'create table t as select 1 as a', async (parameters) => {
    await withFileStore(async (store) => {
      const { begun, go, tools } = heldUp();
      const first = runBackup(parameters, store, {}, { tools });
      await begun;
      const second = runBackup(parameters, store);
      expect((await second.outcome).databases).toMatchObject([
        { status: 'failed', error: { name: 'AlreadyRunning' } },
      ]);
      go();
      expect((await first.outcome).databases).toMatchObject([{ status: 'done' }]);
    });
  });
});

test('a run that was killed blocks nothing', async () => {
  const sql = 'create table t as select 1 as a';
  await withDatabase(newestMajor(), { sql }, async ({ parameters, url, query }) => {
    await withFileStore(async (store, _files, directory) => {
      // The dump waits for this lock, and the killed run with it.
      await withClient(parameters, async (client) => {
        await client.query('begin; lock table t in access exclusive mode');
        const args = ['--source', url, '--name', 's', '--database', parameters.database];
        const killed = await cli.start(['backup', ...args, '--store', `file://${directory}`]);
        await expect.poll(() => query(holdsTurn), { timeout: 20_000 }).toHaveLength(1);
        killed.child.kill('SIGKILL');
        await killed.ended;
        await client.query('rollback');
      });
      await expect.poll(() => query(holdsTurn), { timeout: 20_000 }).toEqual([]);
      expect((await runBackup(parameters, store).outcome).databases).toMatchObject([{ status: 'done' }]);
    });
  });
});
