import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, chmod, cp, mkdir, readdir, readFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  type PrivateServer,
  type PrivateServerOptions,
  startPrivateServer,
} from '../../../../../core/postgres/server/private-server.ts';
import { serverProcesses } from '../../../../../core/scratch/processes.ts';
import { realServerTools } from '../../../../support/postgres/programs.ts';
import {
  newestMajor,
  runSql,
  sharedServer,
  testMajors,
  withClient,
  withDatabase,
  withOwnServer as withQuickServer,
} from '../../../../support/postgres/servers.ts';
import { fixture } from '../../../../support/postgres/tls-fixtures.ts';
import { withDirectory } from '../../../../support/process/fake-programs.ts';
import { isLong } from '../../../../support/run/long.ts';

const certificate = async (): Promise<{ cert: string; key: string }> => ({
  cert: await readFile(fixture('server.pem'), 'utf8'),
  key: await readFile(fixture('server.key'), 'utf8'),
});

/** What is tested here makes its clusters itself. */
async function withOwnServer<T>(
  major: number,
  options: Partial<PrivateServerOptions>,
  use: (server: PrivateServer) => Promise<T>,
): Promise<T> {
  return withQuickServer(major, { tools: await realServerTools(major), ...options }, use);
}

async function startServer(options: Omit<PrivateServerOptions, 'tools'>): Promise<PrivateServer> {
  return await startPrivateServer({ ...options, tools: await realServerTools() });
}

// What the shared servers do on every major anyway is not looked at on each again.
describe.each(isLong ? testMajors() : [newestMajor()])('a private server of PostgreSQL %i', (major) => {
  it('answers on its socket only and leaves nothing behind', async () => {
    const segments = await sharedMemory();
    const ended = await withOwnServer(major, {}, async (server) => {
      const [row] = await runSql<{ server_version: string }>(server.parameters, 'SHOW server_version');
      expect(row?.server_version).toContain(server.version);
      expect(server.tcpParameters).toBeUndefined();
      expect(await runSql(server.parameters, "SELECT current_setting('listen_addresses') AS at")).toEqual([
        { at: '' },
      ]);
      return server;
    });
    await ended.exited;
    await expectGone(ended);
    expect(await ownSegments(ended.pid)).toEqual([]);
    expect(segments).not.toContain(ended.pid);
  });

  it('tells that its port is taken, after it has tried again', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as AddressInfo;
    try {
      const failing = withOwnServer(
        major,
        { tcp: true, settings: { port: String(port) } },
        async () => 'started',
      );
      await expect(failing).rejects.toMatchObject({ name: 'PrivateServerError', isPortTaken: true });
    } finally {
      holder.close();
    }
  });

  it('can be killed with all its connections in the middle of their work', async () => {
    const ended = await withOwnServer(major, {}, async (server) => {
      await withClient(server.parameters, async (client) => {
        const working = expect(client.query('SELECT pg_sleep(600)')).rejects.toThrow(
          /terminated|ECONNRESET|closed/,
        );
        await untilTrue(
          server.parameters,
          "SELECT true AS yes FROM pg_stat_activity WHERE query LIKE '%600)'",
        );
        const processes = await serverProcesses(server.pid, join(server.directory, 'data'));
        expect(processes.length).toBeGreaterThan(3);
        await server.kill();
        await working;
        expect(processes.filter(isRunning)).toEqual([]);
        await access(server.directory);
      });
      return server;
    });
    await expectGone(ended);
    expect(await ownSegments(ended.pid)).toEqual([]);
  });

  it('cleans up after a crash that leaves a backend at work', async () => {
    const ended = await withOwnServer(major, {}, async (server) => {
      await withClient(server.parameters, async (client) => {
        const endless = 'DO $$ BEGIN LOOP PERFORM 1; END LOOP; END $$';
        const working = expect(client.query(endless)).rejects.toThrow();
        await untilTrue(
          server.parameters,
          "SELECT true AS yes FROM pg_stat_activity WHERE query LIKE 'DO %'",
        );
        process.kill(server.pid, 'SIGKILL');
        await server.exited;
        await server.stop();
        await working;
      });
      return server;
    });
    await expectGone(ended);
  });

  it('asks for a password on TCP, and speaks TLS', async () => {
    const options = { tcp: true, ssl: await certificate(), password: `it's "odd" ü` };
    await withOwnServer(major, options, async ({ tcpParameters }) => {
      if (tcpParameters === undefined) throw new Error('no TCP');
      const [row] = await runSql(tcpParameters, 'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
      expect(row).toEqual({ ssl: true });
      await expect(runSql({ ...tcpParameters, password: 'wrong' }, 'SELECT 1')).rejects.toThrow(
        /password authentication/,
      );
    });
  });

  it('dies with the process that started it', async () => {
    const parent = spawn(
      process.execPath,
      [
        '--import',
        'tsx',
        fileURLToPath(new URL('../../../../fixtures/postgres/hold-server.ts', import.meta.url)),
        String(major),
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const [line] = (await once(createInterface(parent.stdout), 'line')) as [string];
    const server = JSON.parse(line) as { pid: number; directory: string };
    expect(isRunning(server.pid)).toBe(true);
    parent.kill('SIGKILL');
    await until(async () => !isRunning(server.pid) && !(await exists(server.directory)));
  });
});

describe('a private server', () => {
  it('is shared by tests that need only a database', async () => {
    const shared = await sharedServer(newestMajor());
    const sql = 'CREATE TABLE t AS SELECT 1 AS a; CREATE TABLE u ()';
    const name = `a "b" 'c' ü ${process.pid}`;
    const seen = await withDatabase(newestMajor(), { sql, name }, async (database) => {
      expect(database.server.pid).toBe(shared.pid);
      expect(await database.query('SELECT a FROM t')).toEqual([{ a: 1 }]);
      expect(await runSql(database.tcpParameters, 'SELECT current_database() AS name')).toEqual([{ name }]);
      return database.name;
    });
    const left = await runSql(shared.parameters, 'SELECT FROM pg_database WHERE datname = $1', [seen]);
    expect(left).toEqual([]);
  });

  it('takes settings, rules and encodings', async () => {
    const options = {
      settings: { work_mem: '7MB', 'pgproof.test': "it's" },
      hbaLines: ['local all turned_away reject'],
      initdbArguments: ['--encoding', 'LATIN1', '--no-locale'],
    };
    await withOwnServer(newestMajor(), options, async ({ parameters }) => {
      const [row] = await runSql(
        parameters,
        `SELECT current_setting('work_mem') AS memory, current_setting('pgproof.test') AS odd,
                current_setting('server_encoding') AS encoding`,
      );
      expect(row).toEqual({ memory: '7MB', odd: "it's", encoding: 'LATIN1' });
      await runSql(parameters, 'CREATE ROLE turned_away LOGIN');
      await expect(runSql({ ...parameters, user: 'turned_away' }, 'SELECT 1')).rejects.toThrow(/rejects/);
    });
  });

  it('runs from and in directories that are closed to others, under names that need care', () =>
    withDirectory(async (root) => {
      await chmod(root, 0o700);
      await withOwnServer(newestMajor(), {}, async ({ tools }) => {
        const [, prefix = '', rest = ''] = /^(.*)(\/usr\/lib\/postgresql\/.*)$/.exec(tools.directory) ?? [];
        // A system-wide installation holds far more than PostgreSQL and is open to everybody.
        const closed = prefix === '' ? tools : { ...tools, directory: join(root, 'programs', rest) };
        if (prefix !== '') await cp(prefix, join(root, 'programs'), { recursive: true });
        const parent = join(root, 'long '.repeat(20));
        await mkdir(parent);
        const server = await startPrivateServer({ tools: closed, parent });
        try {
          expect(await runSql(server.parameters, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
        } finally {
          await server.stop();
        }
        await expectGone(server);
        expect(await exists(server.parameters.host)).toBe(false);
        expect(await readdir(parent)).toEqual([]);
      });
    }));

  it('leaves nothing behind when the callback fails', async () => {
    const seen: { pid: number; directory: string }[] = [];
    const failing = withOwnServer(newestMajor(), {}, async (server) => {
      seen.push(server);
      throw new Error('on purpose');
    });
    await expect(failing).rejects.toThrow('on purpose');
    expect(seen).toHaveLength(1);
    for (const server of seen) await expectGone(server);
  });

  it('leaves nothing behind when it cannot start, and says why in the server’s words', () =>
    withDirectory(async (parent) => {
      await chmod(parent, 0o755);
      const impossible = { settings: { shared_buffers: 'many' }, parent };
      await expect(startServer(impossible)).rejects.toThrow(/did not start.*shared_buffers/);
      const unknown = { initdbArguments: ['--encoding', 'KLINGON'], parent };
      await expect(startServer(unknown)).rejects.toThrow(/initdb failed.*KLINGON/);
      expect(await readdir(parent)).toEqual([]);
    }));

  it.each([0, 50, 150, 300, 450])('leaves nothing behind when it is aborted after %i ms', (milliseconds) =>
    withDirectory(async (parent) => {
      await chmod(parent, 0o755);
      const stop = new AbortController();
      const starting = startServer({ parent, signal: stop.signal }).then((server) => server.stop());
      const aborting = sleep(milliseconds).then(() => stop.abort(new Error('enough')));
      // It may have been faster; what counts is what is left.
      await Promise.allSettled([starting, aborting]);
      expect(await readdir(parent)).toEqual([]);
    }),
  );
});

async function expectGone({ pid, directory }: { pid: number; directory: string }): Promise<void> {
  expect(isRunning(pid)).toBe(false);
  expect(await exists(directory)).toBe(false);
  expect(await serverProcesses(pid, join(directory, 'data'))).toEqual([]);
}

/** Ids of the processes that made the System V segments; empty where the system does not tell. */
async function sharedMemory(): Promise<number[]> {
  const table = await readFile('/proc/sysvipc/shm', 'utf8').catch(() => '');
  return table
    .split('\n')
    .slice(1)
    .map((line) => Number(line.trim().split(/\s+/)[4]));
}

async function ownSegments(pid: number): Promise<number[]> {
  return (await sharedMemory()).filter((creator) => creator === pid);
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

async function untilTrue(parameters: Parameters<typeof runSql>[0], sql: string): Promise<void> {
  await until(async () => (await runSql(parameters, `${sql} AND pid <> pg_backend_pid()`)).length > 0);
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error('it did not happen in 20 s');
    await sleep(20);
  }
}
