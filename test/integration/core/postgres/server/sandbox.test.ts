import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { VerificationServer } from '../../../../../core/postgres/server/verification-server.ts';
import { serverWithout } from '../../../../support/postgres/engine-restore.ts';
import { sandboxVariants } from '../../../../support/postgres/sandbox-variants.ts';
import { runSql, uniqueName } from '../../../../support/postgres/servers.ts';
import {
  eventually,
  isolationKinds,
  openVerification,
  processesNamed,
  verify,
} from '../../../../support/postgres/verification-server.ts';

type Server = VerificationServer['server'];

const kinds = await isolationKinds();
const isRoot = process.getuid?.() === 0;
const canary = uniqueName('canary');
const variants = await (async () => {
  const directory = await mkdtemp(join(await realpath(tmpdir()), 'pgproof-variants-'));
  await chmod(directory, 0o755);
  afterAll(() => rm(directory, { recursive: true, force: true }));
  return await sandboxVariants(directory);
})();

describe.each(kinds)('SQL of a hostile dump, as superuser, %s', (kind) => {
  let open: Awaited<ReturnType<typeof openVerification>>;
  beforeAll(async () => {
    process.env.AWS_SECRET_ACCESS_KEY = canary;
    open = await openVerification(kind);
  });
  afterAll(async () => {
    delete process.env.AWS_SECRET_ACCESS_KEY;
    await open.close();
  });

  it('finds an environment without anything of ours', async () => {
    const lines = await shell(open.server, 'env');
    const names = lines.map((line) => line.slice(0, line.indexOf('=')));
    expect(names).toEqual(expect.arrayContaining(['HOME', 'PATH', 'TZ']));
    // The rest is what postgres sets for its children, the shell, and the scripts of our layers.
    const known =
      /^(HOME|LOCPATH|PATH|TZ|LC_[A-Z]+|PG(LOCALEDIR|SYSCONFDIR)|PG_GRANDPARENT_PID|PWD|OLDPWD|SHLVL|_)$/;
    expect(names.filter((name) => !known.test(name))).toEqual([]);
    expect(lines.join('\n')).not.toContain(canary);
  });

  it('gains nothing from programs that are setuid', async () => {
    expect(await shell(open.server, 'grep NoNewPrivs /proc/self/status')).toEqual(['NoNewPrivs:\t1']);
  });

  it('cannot put another server in the place of its own', async () => {
    const { directory, parameters } = open.server;
    await shell(open.server, `cd '${directory}' && rm .s.PGSQL.5432 && ln -s /nowhere .s.PGSQL.5432`);
    expect(await runSql(parameters, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(parameters.host.startsWith(directory)).toBe(false);
  });

  it('reaches a listening port only where it is not sandboxed', async () => {
    let connections = 0;
    const listener = createServer((socket) => {
      connections += 1;
      socket.destroy();
    }).listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const address = listener.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    // The server's own client: no extension is needed.
    const sql = `CREATE SUBSCRIPTION s CONNECTION 'host=127.0.0.1 port=${port} user=x dbname=x' PUBLICATION p`;
    await expect(runSql(open.server.parameters, sql)).rejects.toThrow(/connect/);
    listener.close();
    expect(connections > 0).toBe(kind === 'unsandboxed');
  });

  it('reads files that all may read only where it is not sandboxed', async () => {
    const secrets = join(open.parent, 'archives');
    const path = join(secrets, 'archive.dump');
    await mkdir(secrets, { mode: 0o755 });
    await writeFile(path, 'secret', { mode: 0o644 });
    const attempts = [
      `SELECT pg_read_file('${path}')`,
      `SELECT lo_import('${path}')`,
      `CREATE TABLE t (a text); COPY t FROM '${path}'; DROP TABLE t`,
      `CREATE TABLE t (a text); COPY t FROM PROGRAM 'cat ${path}'; DROP TABLE t`,
    ];
    for (const sql of attempts) {
      const reading = runSql(open.server.parameters, sql);
      if (kind === 'unsandboxed') await reading;
      else await expect(reading, sql).rejects.toThrow(/No such file|program "cat/);
    }
    await rm(secrets, { recursive: true });
  });

  it('reads our environment only as the same user and where it is not sandboxed', async () => {
    const sql = `SELECT length(pg_read_binary_file('/proc/${process.pid}/environ', 0, 100)) AS bytes`;
    const reading = runSql(open.server.parameters, sql);
    if (kind === 'sandboxed' || isRoot)
      await expect(reading).rejects.toThrow(/No such file|[Pp]ermission denied/);
    else expect(await reading).toEqual([{ bytes: 100 }]);
  });

  it('leaves no process and no directory', async () => {
    const endless = uniqueSeconds();
    await verify(kind, {}, async ({ server }) => {
      await shell(server, `sleep ${endless} > /dev/null 2>&1 &`);
      await shell(server, 'mkdir -p shut/in && touch shut/in/file && chmod 0 shut/in && chmod 0 shut');
      // Deeper than any path may be long.
      const deep = 'n=$(printf %0250d 0); i=0; while [ $i -lt 20 ]; do mkdir $n && cd $n; i=$((i + 1)); done';
      await shell(server, `${deep}; touch file`);
      await eventually(async () => (await processesNamed(endless)).length > 0);
    });
    expect(await processesNamed(endless)).toEqual([]);
  });
});

if (kinds.includes('sandboxed'))
  describe.each(variants)('a server sandboxed by $title', ({ title, programs }) => {
    let open: Awaited<ReturnType<typeof openVerification>>;
    beforeAll(async () => {
      open = await openVerification('sandboxed', { sandboxPrograms: programs });
    });
    afterAll(() => open.close());

    it('sees the programs and its own directory only', async () => {
      const { server, isolation, parent } = open;
      expect(isolation.by).toBe(title.split(',')[0]);
      expect(isolation.detail).toMatch(/^(bubblewrap|unshare) \(\/.*(bwrap|unshare)\)(, started by root)?$/);
      expect((await readdir(parent)).length).toBeGreaterThan(1);
      expect(await shell(server, `ls -A '${parent}'`)).toEqual([server.directory.slice(parent.length + 1)]);
      const bound = [server.tools.directory, server.directory];
      for (const closed of [homedir(), import.meta.dirname, '/var', '/root', '/home', '/run', '/sys']) {
        const names = await shell(server, `ls -A '${closed}' 2> /dev/null || true`);
        // What may be there is the way to the programs.
        const beside = names.filter(
          (name) => !bound.some((path) => `${path}/`.startsWith(`${closed}/${name}/`)),
        );
        expect(beside, closed).toEqual([]);
      }
      // Its own directory may lie in /dev/shm.
      const devices = (await shell(server, 'ls -A /dev')).filter((name) => name !== 'shm');
      expect(devices).toEqual(['full', 'null', 'random', 'urandom', 'zero']);
      const configuration = await shell(server, 'ls -A /etc');
      expect(configuration.filter((name) => name !== 'ld.so.cache')).toEqual(['passwd']);
      expect(await shell(server, 'cat /etc/passwd')).toHaveLength(1);
    });

    it('writes nowhere but in its own directory', async () => {
      const { server, parent } = open;
      for (const path of ['/x', '/usr/x', '/usr/bin/x', '/etc/x', '/dev/x', '/tmp/x', join(parent, 'x')])
        await expect(shell(server, `echo no > '${path}'`), path).rejects.toThrow('failed');
      expect(await shell(server, 'touch ../x && ls .. && rm ../x')).toContain('x');
    });

    it('sees no process but its own', async () => {
      const ids = (await shell(open.server, 'ls /proc || true')).filter((name) => /^\d+$/.test(name));
      expect(ids).not.toContain(String(process.pid));
      expect(ids.length).toBeLessThan(20);
    });

    it.runIf(existsSync('/dev/shm'))('finds its programs where they lie in /dev/shm too', async () => {
      const directory = await mkdtemp('/dev/shm/pgproof-test-');
      try {
        await chmod(directory, 0o755);
        const tools = await serverWithout([], directory);
        await verify('sandboxed', { tools }, async ({ server }) => {
          expect(await runSql(server.parameters, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
        });
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    });

    it('ends with all that hides from its end', async () => {
      const endless = uniqueSeconds();
      await verify('sandboxed', { sandboxPrograms: programs }, async ({ server }) => {
        const hiding = `cd / && setsid sh -c "trap : HUP TERM; while :; do sleep ${endless}; done"`;
        await shell(server, `(${hiding}) > /dev/null 2>&1 &`);
        await eventually(async () => (await processesNamed(endless)).length > 1);
      });
      expect(await processesNamed(endless)).toEqual([]);
    });

    it('ends when SQL kills everything that it can', () =>
      verify('sandboxed', { sandboxPrograms: programs }, async ({ server }) => {
        await expect(shell(server, 'kill -9 -1')).rejects.toThrow();
        await server.exited;
      }));

    it('can be killed from outside', () =>
      verify('sandboxed', { sandboxPrograms: programs }, async ({ server }) => {
        process.kill(server.pid, 'SIGKILL');
        await server.exited;
      }));
  });

describe('a server that cannot be sandboxed', () => {
  it.each([
    ['there is neither', ['/nonexistent/bwrap'], [], /^there is no bwrap/],
    [
      'both are refused',
      ['/bin/false'],
      ['/bin/false'],
      /^bubblewrap makes no sandbox here \(exit status 1\); unshare makes no sandbox here \(exit status 1\)/,
    ],
  ])('starts and says so: %s', (_title, bubblewrap, unshare, detail) =>
    verify('unsandboxed', { sandboxPrograms: { bubblewrap, unshare } }, async ({ server, isolation }) => {
      expect(isolation.detail).toMatch(detail);
      const ofAnother =
        /; the server runs as the user \d+; pgproof's own environment and memory are hidden from it$/;
      if (isRoot) expect(isolation.detail).toMatch(ofAnother);
      else expect(isolation.detail).toContain('can be read by it');
      expect(await runSql(server.parameters, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    }),
  );
});

/** What a program that the server starts writes, by lines. */
async function shell({ parameters }: Server, command: string): Promise<string[]> {
  const table = uniqueName();
  const quoted = command.replaceAll("'", "''");
  const options = "(FORMAT csv, DELIMITER E'\\x01', QUOTE E'\\x02')";
  await runSql(parameters, `CREATE TABLE ${table} (line text)`);
  await runSql(parameters, `COPY ${table} FROM PROGRAM '${quoted}' ${options}`);
  const rows = await runSql<{ line: string }>(parameters, `SELECT line FROM ${table}`);
  return rows.map(({ line }) => line);
}

/** An argument for sleep that no other process has. */
function uniqueSeconds(): string {
  return `9${String(Math.random()).slice(2, 12)}`;
}
