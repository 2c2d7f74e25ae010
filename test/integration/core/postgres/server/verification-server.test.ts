import { chmod, readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { PrivateServerError } from '../../../../../core/postgres/server/cluster.ts';
import { withVerificationServer } from '../../../../../core/postgres/server/verification-server.ts';
import { serverTools } from '../../../../support/postgres/programs.ts';
import { runSql, testMajors } from '../../../../support/postgres/servers.ts';
import {
  isolationKinds,
  noSandbox,
  verify,
  withServerParent,
} from '../../../../support/postgres/verification-server.ts';

const kinds = await isolationKinds();
const [kind = 'unsandboxed'] = kinds;

describe('a verification server', () => {
  it.each(testMajors())('of PostgreSQL %i favours speed, and fits what there is', async (major) => {
    const options = {
      tools: await serverTools(major),
      memoryBytes: 512 * 2 ** 20,
      roomBytes: 2 ** 30,
      jobs: 3,
    };
    await verify(kind, options, async ({ server, cpus, peakBytes }) => {
      expect(server.major).toBe(major);
      expect(cpus).toBeGreaterThan(0);
      const rows = await runSql<{ name: string; setting: string }>(
        server.parameters,
        "SELECT name, current_setting(name) AS setting FROM pg_settings WHERE source = 'configuration file'",
      );
      const settings = Object.fromEntries(rows.map(({ name, setting }) => [name, setting]));
      expect(settings).toMatchObject({
        fsync: 'off',
        autovacuum: 'off',
        listen_addresses: '',
        wal_level: 'minimal',
        jit: 'off',
        shared_buffers: '64MB',
        maintenance_work_mem: '37MB',
        max_wal_size: '64MB',
        max_connections: '15',
        max_locks_per_transaction: '1024',
      });
      await runSql(
        server.parameters,
        "CREATE TABLE t AS SELECT repeat('x', 700) FROM generate_series(1, 50000)",
      );
      // It is looked at now and then.
      await expect.poll(peakBytes, { timeout: 20_000 }).toBeGreaterThan(20e6);
      expect(peakBytes()).toBeLessThan(200e6);
    });
  });

  it.each([`-"it's" a \\ $1 ü\nENCODING`, 'ENCODING', 'pgproof'])('has the superuser %j', (superuser) =>
    verify(kind, { superuser }, async ({ server }) => {
      expect(server.parameters.user).toBe(superuser);
      const roles = await runSql(
        server.parameters,
        "SELECT oid::int, rolname AS name, rolsuper FROM pg_roles WHERE rolname !~ '^pg_' OR rolsuper",
      );
      expect(roles).toEqual([{ oid: 10, name: superuser, rolsuper: true }]);
    }),
  );

  it('calls its superuser postgres where the name is one that no role can have', () =>
    verify(kind, { superuser: 'pg_admin' }, async ({ server }) => {
      expect(server.parameters.user).toBe('postgres');
    }));

  it.each(kinds)('tells what the server said when it cannot start, and leaves nothing (%s)', (isolation) =>
    withServerParent(async (directory) => {
      const options = {
        directory,
        sandboxPrograms: isolation === 'sandboxed' ? undefined : noSandbox,
        uncontained: 'own-data' as const,
        superuser: 'postgres',
        roomBytes: 1e9,
        jobs: 1,
      };
      // Far beyond what any machine has.
      const memoryBytes = 2 ** 53;
      const tooMany = { ...options, tools: await serverTools(), memoryBytes, jobs: 262_000 };
      const failing = withVerificationServer(tooMany, async () => undefined);
      await expect(failing).rejects.toThrow(PrivateServerError);
      await expect(failing).rejects.toThrow(/did not start: .*(max_connections|memory|FATAL)/s);
      expect(await readdir(directory)).toEqual([]);
    }),
  );

  it('leaves nothing when it is aborted at any time', () =>
    withServerParent(async (directory) => {
      await chmod(directory, 0o755);
      const tools = await serverTools();
      for (const milliseconds of [0, 100, 400, 800]) {
        const options = {
          tools,
          directory,
          superuser: 'a b',
          roomBytes: 1e9,
          jobs: 1,
          uncontained: 'own-data' as const,
        };
        const reason = new Error('enough');
        const stop = new AbortController();
        const running = withVerificationServer({ ...options, signal: stop.signal }, () => {
          if (stop.signal.aborted) return Promise.reject(reason);
          return new Promise((_, reject) => {
            stop.signal.addEventListener('abort', () => reject(reason));
          });
        });
        setTimeout(() => stop.abort(reason), milliseconds);
        await expect(running).rejects.toBe(reason);
        expect(await readdir(directory)).toEqual([]);
      }
    }));
});
