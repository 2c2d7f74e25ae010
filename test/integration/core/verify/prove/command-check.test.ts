import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { UserCheck } from '../../../../../core/config/checks.ts';
import { parseId } from '../../../../../core/manifest/backup-id.ts';
import type { Verification } from '../../../../../core/manifest/verification.ts';
import type { ProgramExit } from '../../../../../core/postgres/server/contained-program.ts';
import {
  type PrivateServer,
  startPrivateServer,
} from '../../../../../core/postgres/server/private-server.ts';
import { verifyBackup } from '../../../../../core/verify/verify.ts';
import { realTools, runBackup, withFileStore } from '../../../../support/backup/run.ts';
import { serverTools, verificationTools } from '../../../../support/postgres/programs.ts';
import { type SandboxVariant, sandboxVariants } from '../../../../support/postgres/sandbox-variants.ts';
import { newestMajor, withDatabase } from '../../../../support/postgres/servers.ts';
import { writePrograms } from '../../../../support/process/fake-programs.ts';
import { listProcesses } from '../../../../support/process/list.ts';

let directory: string;
let variants: SandboxVariant[];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pgproof-check-'));
  variants = [
    ...(await sandboxVariants(directory)),
    { title: 'none', programs: { bubblewrap: [], unshare: [] } },
  ];
  await writePrograms(directory, {
    users: 'test "$(psql -XAtc "select count(*) from users")" = 3',
    'not-so': 'echo "only $(psql -XAtc "select count(*) from users") of 4"; exit 1',
    hang: 'sleep 40 & sleep 40',
    odd: 'echo strange >&2; exit 2',
    killed: 'kill -9 $$',
    flood: 'yes | head -c 3000000; exit 1',
    words: 'printf "%s|" "$@"; exit 2',
    env: 'env; exit 2',
    look: `ls '${directory}' 2>&1; test -e /etc/hostname && echo hostname; cat /proc/net/dev 2>/dev/null | grep -c eth; exit 2`,
  });
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function withServer<T>(
  programs: SandboxVariant['programs'],
  use: (server: PrivateServer) => Promise<T>,
): Promise<T> {
  const limits = { processes: 4096, dataBytes: 4 * 1024 ** 3, fileBytes: 2 * 1024 ** 3, cpuSeconds: 600 };
  const hostile = { programs, uncontained: 'own-data' as const, limits };
  const server = await startPrivateServer({ tools: await serverTools(newestMajor()), hostile });
  try {
    return await use(server);
  } finally {
    await server.stop();
  }
}

test('a program runs as the server does, whatever holds it', async () => {
  for (const { title, programs } of variants)
    await withServer(programs, async (server) => {
      const run = (name: string, ...args: string[]): Promise<ProgramExit> =>
        server.runProgram({
          command: [name.includes('/') ? name : join(directory, name), ...args],
          env: { PGUSER: server.parameters.user, PGDATABASE: 'postgres' },
          limitSeconds: name === 'hang' ? 1 : 30,
          signal: new AbortController().signal,
        });
      const psql = ['psql', '-XAtqc', 'create table users as select generate_series(1, 3)'];
      const request = { env: { PGUSER: server.parameters.user, PGDATABASE: 'postgres' }, limitSeconds: 30 };
      const signal = new AbortController().signal;
      expect([title, await server.runProgram({ ...request, command: psql, signal })]).toEqual([
        title,
        { code: 0, reason: undefined, output: '' },
      ]);
      expect([title, await run('users')]).toMatchObject([title, { code: 0 }]);
      expect(await run('not-so')).toEqual({ code: 1, reason: undefined, output: 'only 3 of 4' });
      expect(await run('odd')).toMatchObject({ code: 2, output: 'strange' });
      expect(await run('killed')).toMatchObject({ code: undefined, reason: 'ended by signal 9' });
      expect((await run('flood')).output.length).toBeLessThan(4_097);
      expect((await run('words', '$(id)', 'a b', '', "'")).output).toBe("$(id)|a b||'|");
      expect(await run('/nowhere/program')).toMatchObject({
        code: undefined,
        reason: expect.stringContaining('missing'),
      });
      const environment = (await run('env')).output;
      expect(environment).toMatch(/^PGHOST=\//m);
      expect(environment).not.toMatch(/AWS|PGPROOF_TEST|VITEST/);
      const since = performance.now();
      expect(await run('hang')).toMatchObject({ code: undefined, reason: 'not done after 1 s' });
      expect(performance.now() - since).toBeLessThan(8_000);
      if (title === 'none') return;
      expect(server.isolation.kind).toBe('sandboxed');
      const seen = (await run('look')).output;
      expect(seen).toContain('No such file');
      expect(seen).not.toContain('hostname');
    });
  expect((await listProcesses()).filter(({ commandLine }) => commandLine === 'sleep 40')).toEqual([]);
});

test('true, false and undecided make the verdict', async () => {
  await withDatabase(
    newestMajor(),
    { sql: 'create table users as select generate_series(1, 3)' },
    (database) =>
      withFileStore(async (store) => {
        const { databases } = await runBackup(database.parameters, store).outcome;
        const [done] = databases;
        if (done?.status !== 'done') throw new Error('no backup');
        const verify = async (...checks: UserCheck[]): Promise<readonly [string, string | undefined]> => {
          const found: Verification = await verifyBackup(
            { id: parseId(done.id), level: 'restore', checks },
            { store, tools: realTools, verificationTools, clock: () => new Date(), uncontained: 'own-data' },
          );
          return [found.verdict, found.checks.find(({ name }) => name === 'checks')?.detail];
        };
        const check = (name: string): UserCheck => ({ command: [join(directory, name)] });
        expect(await verify(check('users'), { sql: 'select count(*) = 3 from users' })).toEqual([
          'proven',
          '2 checks, all true',
        ]);
        expect(await verify({ ...check('not-so'), name: 'four users' }, check('odd'))).toEqual([
          'failed',
          expect.stringMatching(/four users: .*only 3 of 4.*odd: exit status 2.*strange/s),
        ]);
        expect(await verify(check('odd'))).toEqual([
          'unverifiable',
          expect.stringContaining('exit status 2'),
        ]);
        expect(await verify({ ...check('hang'), timeoutSeconds: 1 })).toEqual([
          'unverifiable',
          expect.stringContaining('not done after 1 s'),
        ]);
      }),
  );
});
