import { copyFile, writeFile } from 'node:fs/promises';
import { createServer, type Socket, connect as tcpConnect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { BackupNotDone, BackupReport } from '../../../../core/backup/report.ts';
import { PgproofError } from '../../../../core/errors.ts';
import type { ConnectionParameters } from '../../../../core/postgres/connect/parameters.ts';
import type { PostgresTools } from '../../../../core/postgres/programs/tools.ts';
import { s3Store } from '../../../../core/store/s3/s3-store.ts';
import type { Store } from '../../../../core/store/store.ts';
import { testClient } from '../../../support/aws/s3-client.ts';
import { type S3Server, withS3Server } from '../../../support/aws/s3-server.ts';
import {
  bulk,
  realTools,
  runBackup,
  verifyNow,
  withDirectory,
  withFileStore,
} from '../../../support/backup/run.ts';
import { newestMajor, runSql, withDatabase, withOwnServer } from '../../../support/postgres/servers.ts';

const major = newestMajor();
const megabytes = 24;

function onlyFailure(report: BackupReport): BackupNotDone {
  const [result] = report.databases;
  if (result?.status !== 'failed') throw new Error(`not noticed: ${JSON.stringify(result)}`);
  return result;
}

/** Resolves when the archive has so many bytes. */
function afterBytes(bytes: number): {
  readonly seen: Promise<void>;
  readonly onProgress: (event: { kind: string; bytes?: number }) => void;
} {
  let tell = (): void => undefined;
  const seen = new Promise<void>((resolve) => {
    tell = resolve;
  });
  return {
    seen,
    onProgress: (event) => void (event.kind === 'bytes' && (event.bytes ?? 0) >= bytes && tell()),
  };
}

/** Both stores, each with a look at everything that is in it, unfinished uploads too. */
const stores = [
  ['file', (use: (store: Store, content: () => Promise<string[]>) => Promise<void>) => withFileStore(use)],
  [
    's3',
    (use: (store: Store, content: () => Promise<string[]>) => Promise<void>) =>
      withS3Server({ buckets: ['b'] }, (s3) =>
        use(s3Store({ bucket: 'b', prefix: 'p', client: testClient(s3.url) }), async () => [
          ...s3.keys('b'),
          ...s3.uploads().map((upload) => `open upload ${JSON.stringify(upload)}`),
        ]),
      ),
  ],
] as const;

/** A directory with a pg_dump that misbehaves, and the real other programs. */
async function withFakeDump<T>(
  behaviour: string,
  use: (tools: (major: number) => Promise<PostgresTools>) => Promise<T>,
): Promise<T> {
  return withDirectory(async (directory) => {
    const real = await realTools(major);
    const fake = join(directory, 'fake-pg-dump.mjs');
    await copyFile(
      fileURLToPath(new URL('../../../fixtures/programs/fake-pg-dump.mjs', import.meta.url)),
      fake,
    );
    // Interpreters by their full paths: the child's PATH is not ours.
    await writeProgram(join(directory, 'pg_dump'), `'${process.execPath}' '${fake}'`);
    await writeProgram(join(directory, 'pg_dumpall'), `'${join(real.directory, 'pg_dumpall')}'`);
    await writeFile(join(directory, 'behaviour'), behaviour);
    return use(async () => ({ ...real, directory }));
  });
}

function writeProgram(path: string, command: string): Promise<void> {
  return writeFile(path, `#!/bin/sh\nexec ${command} "$@"\n`, { mode: 0o755 });
}

describe.each(stores)('into a %s store, nothing appears and an alert is sent when', (_name, withStore) => {
  it.each([
    ['killed by SIGKILL half way', 'killed', /pg_dump was killed by SIGKILL/],
    ['failing after the end of its output', 'die-late', /it came to nothing/],
    ['failing before its first byte', 'die-early', /no such luck/],
  ])('pg_dump is %s', async (_what, behaviour, words) => {
    await withDatabase(major, { sql: 'create table t (a int)' }, async ({ parameters }) => {
      await withFakeDump(behaviour, (tools) =>
        withStore(async (store, content) => {
          const { outcome, alerts } = runBackup(parameters, store, {}, { tools });
          const { error } = onlyFailure(await outcome);
          expect(error).toMatchObject({ name: 'ChildFailed', message: expect.stringMatching(words) });
          expect(await content()).toEqual([]);
          expect(alerts.map(({ text }) => text)).toEqual([expect.stringMatching(words)]);
        }),
      );
    });
  });

  it('the backend of pg_dump is terminated half way', async () => {
    await withDatabase(major, { sql: bulk(megabytes) }, async ({ parameters, name }) => {
      await withStore(async (store, content) => {
        const { seen, onProgress } = afterBytes(2_000_000);
        const { outcome, alerts } = runBackup(parameters, store, {}, { onProgress });
        await seen;
        await runSql(
          { ...parameters, database: 'postgres' },
          `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${name}' and query like 'COPY%'`,
        );
        const { error, reached } = onlyFailure(await outcome);
        expect(error.message).toMatch(
          /terminating connection due to administrator command|server closed the connection/,
        );
        expect(reached.bytes).toBeGreaterThan(2_000_000);
        expect(await content()).toEqual([]);
        expect(alerts).toHaveLength(1);
        expect(alerts[0]?.subject).toContain(`BACKUP FAILED test/${name}`);
      });
    });
  });

  it('the server is killed half way', async () => {
    await withOwnServer(major, {}, async (server) => {
      await runSql(server.parameters, bulk(megabytes));
      await withStore(async (store, content) => {
        const { seen, onProgress } = afterBytes(2_000_000);
        const { outcome, alerts } = runBackup(server.parameters, store, {}, { onProgress });
        await seen;
        await server.kill();
        expect(onlyFailure(await outcome).error.message).toMatch(/pg_dump/);
        expect(await content()).toEqual([]);
        expect(alerts).toHaveLength(1);
      });
    });
  });

  it('the network to the server goes silent half way', async () => {
    await withOwnServer(major, { tcp: true }, async (server) => {
      await runSql(server.parameters, bulk(megabytes));
      const behind = server.tcpParameters as ConnectionParameters;
      await withProxy(behind, async (proxied, silence) => {
        await withStore(async (store, content) => {
          const { seen, onProgress } = afterBytes(1_000_000);
          const { outcome, alerts } = runBackup(proxied, store, { stallSeconds: 2 }, { onProgress });
          await seen;
          silence();
          expect(onlyFailure(await outcome).error).toMatchObject({
            name: 'Stalled',
            message: expect.stringContaining('no progress for 2 s'),
          });
          expect(await content()).toEqual([]);
          expect(alerts).toHaveLength(1);
        });
      });
    });
  });

  it('pg_dump hangs', async () => {
    await withDatabase(major, {}, async ({ parameters }) => {
      await withFakeDump('hang', (tools) =>
        withStore(async (store, content) => {
          const { outcome, alerts } = runBackup(parameters, store, { stallSeconds: 1 }, { tools });
          expect(onlyFailure(await outcome).error.name).toBe('Stalled');
          expect(await content()).toEqual([]);
          expect(alerts).toHaveLength(1);
        }),
      );
    });
  });

  it('the time is up half way: the alert says how far it got, and names what was not begun', async () => {
    await withDatabase(major, { sql: bulk(megabytes) }, async ({ parameters, name }) => {
      await withStore(async (store, content) => {
        const { seen, onProgress } = afterBytes(2_000_000);
        const controller = new AbortController();
        const plan = { databases: [name, 'another'] };
        const { outcome, alerts } = runBackup(parameters, store, plan, {
          onProgress,
          signal: controller.signal,
        });
        await seen;
        controller.abort(new PgproofError({ what: 'The time is up', fix: 'Give it more.' }));
        const report = await outcome;
        expect(report.databases.map(({ status }) => status)).toEqual(['failed', 'failed']);
        expect(await content()).toEqual([]);
        expect(alerts.map(({ text }) => text)).toEqual([
          expect.stringMatching(/The time is up[\s\S]*Got to: +\d[\d.]* MB of archive, 1 table begun/),
          expect.stringMatching(/No backup was begun of "another": The time is up/),
        ]);
      });
    });
  });

  it('the role may not read one table', async () => {
    await withDatabase(
      major,
      { sql: 'create table open (a int); create table secret (a int)' },
      async ({ parameters, name }) => {
        const user = `reader_${name}`;
        await runSql(parameters, `create role ${user} login; grant select on open to ${user}`);
        try {
          await withStore(async (store, content) => {
            const { outcome, alerts } = runBackup({ ...parameters, user }, store);
            expect(onlyFailure(await outcome).error.message).toMatch(
              /permission denied for table secret[\s\S]*pg_read_all_data/,
            );
            expect(await content()).toEqual([]);
            expect(alerts).toHaveLength(1);
          });
        } finally {
          await runSql(parameters, `revoke select on open from ${user}; drop role ${user}`);
        }
      },
    );
  });

  it('row-level security would hide rows', async () => {
    const sql =
      'create table t as select 1 as a; alter table t enable row level security; create policy p on t using (a > 1)';
    await withDatabase(major, { sql }, async ({ parameters, name }) => {
      const user = `reader_${name}`;
      await runSql(parameters, `create role ${user} login; grant pg_read_all_data to ${user}`);
      try {
        await withStore(async (store, content) => {
          const { outcome, alerts } = runBackup({ ...parameters, user }, store);
          expect(onlyFailure(await outcome).error.message).toMatch(/row-level security[\s\S]*BYPASSRLS/);
          expect(await content()).toEqual([]);
          expect(alerts).toHaveLength(1);
        });
      } finally {
        await runSql(parameters, `revoke pg_read_all_data from ${user}; drop role ${user}`);
      }
    });
  });

  it('a table is locked for longer than the wait', async () => {
    await withDatabase(major, { sql: 'create table t (a int)' }, async ({ parameters, query }) => {
      const holder = query('begin; lock table t in access exclusive mode; select pg_sleep(4); commit').catch(
        () => undefined,
      );
      await wait(300);
      await withStore(async (store, content) => {
        const { outcome, alerts } = runBackup(parameters, store, { lockWaitSeconds: 1 });
        expect(onlyFailure(await outcome).error.message).toMatch(/LOCK TABLE public.t[\s\S]*pg_locks/);
        expect(await content()).toEqual([]);
        expect(alerts).toHaveLength(1);
      });
      await holder;
    });
  });

  it('one of several databases fails, and the others are taken', async () => {
    await withDatabase(major, { sql: 'create table t as select 1 as a' }, async ({ parameters, name }) => {
      await withStore(async (store) => {
        const plan = { databases: ['there is no such', name], parallel: 2 };
        const { outcome, alerts } = runBackup(parameters, store, plan);
        const [missing, good] = (await outcome).databases;
        expect(missing).toMatchObject({
          status: 'failed',
          error: { message: expect.stringContaining('there is no such') },
        });
        if (good?.status !== 'done') throw new Error(JSON.stringify(good));
        expect(await verifyNow(store, good.id)).toMatchObject({ verdict: 'intact' });
        expect(alerts).toHaveLength(1);
      });
    });
  });

  it('two runs take the same database at once: what is taken is whole, and the other says so', async () => {
    await withDatabase(major, { sql: bulk(2) }, async ({ parameters }) => {
      await withStore(async (store) => {
        // Both begin at the same second, which is when they collide.
        const began = Date.now();
        const clock = (): Date => new Date(Date.parse('2026-11-20T02:00:00Z') + Date.now() - began);
        const runs = [1, 2].map(() => runBackup(parameters, store, {}, { clock }));
        const results = (await Promise.all(runs.map(({ outcome }) => outcome))).flatMap(
          ({ databases }) => databases,
        );
        const ids = results.flatMap((result) => (result.status === 'done' ? [result.id] : []));
        const errors = results.flatMap((result) => (result.status === 'failed' ? [result.error.name] : []));
        expect(errors.filter((name) => name !== 'AlreadyRunning')).toEqual([]);
        expect(new Set(ids).size).toBe(2 - errors.length);
        expect(ids.length).toBeGreaterThan(0);
        for (const id of ids) expect(await verifyNow(store, id)).toMatchObject({ verdict: 'intact' });
      });
    });
  });
});

describe('when S3', () => {
  const withS3 = (use: (store: Store, s3: S3Server) => Promise<void>): Promise<void> =>
    withS3Server({ buckets: ['b'] }, (s3) =>
      use(
        s3Store({
          bucket: 'b',
          prefix: 'p',
          client: testClient(s3.url, { maxAttempts: 2, idleTimeoutMs: 1_000 }),
        }),
        s3,
      ),
    );

  it('is killed half way, the run fails, tells, and leaves no object', async () => {
    await withDatabase(major, { sql: bulk(megabytes) }, async ({ parameters }) => {
      await withS3(async (store, s3) => {
        const { seen, onProgress } = afterBytes(9_000_000);
        const { outcome, alerts } = runBackup(parameters, store, {}, { onProgress });
        await seen;
        await s3.kill();
        expect(onlyFailure(await outcome).error.name).toBe('StoreUnusable');
        expect(s3.keys('b')).toEqual([]);
        expect(alerts).toHaveLength(1);
      });
    });
  });

  it.each(['slowDown', 'reset', 'internalError'] as const)(
    'answers with %s for a while, the backup is whole',
    async (action) => {
      await withDatabase(major, { sql: bulk(megabytes) }, async ({ parameters }) => {
        await withS3(async (store, s3) => {
          s3.misbehave({ operation: 'UploadPart', action, afterBytes: 100_000, times: 1 });
          s3.misbehave({ operation: 'CompleteMultipartUpload', action, times: 1 });
          s3.misbehave({ operation: 'PutObject', action, times: 1 });
          const [result] = (await runBackup(parameters, store).outcome).databases;
          if (result?.status !== 'done') throw new Error(JSON.stringify(result));
          expect(await verifyNow(store, result.id)).toMatchObject({ verdict: 'intact' });
          expect(s3.uploads()).toEqual([]);
        });
      });
    },
  );

  it.each(['CompleteMultipartUpload', 'PutObject'])(
    'loses its answer to %s, the backup is whole',
    async (operation) => {
      await withDatabase(major, { sql: bulk(1) }, async ({ parameters }) => {
        await withS3(async (store, s3) => {
          s3.misbehave({ operation, action: 'lostResponse' });
          const [result] = (await runBackup(parameters, store).outcome).databases;
          if (result?.status !== 'done') throw new Error(JSON.stringify(result));
          expect(await verifyNow(store, result.id)).toMatchObject({ verdict: 'intact' });
        });
      });
    },
  );

  it('refuses the manifest, the run fails and no backup is listed', async () => {
    await withDatabase(major, { sql: bulk(1) }, async ({ parameters }) => {
      await withS3(async (store, s3) => {
        s3.misbehave({ operation: 'PutObject', action: 'accessDenied', times: 10 });
        const { outcome, alerts } = runBackup(parameters, store);
        onlyFailure(await outcome);
        expect(s3.keys('b').filter((key) => key.endsWith('manifest.json'))).toEqual([]);
        expect(s3.uploads()).toEqual([]);
        expect(alerts).toHaveLength(1);
      });
    });
  });
});

/** A proxy in front of a server that can stop passing bytes without closing anything, as a lost route does. */
async function withProxy<T>(
  behind: ConnectionParameters,
  use: (proxied: ConnectionParameters, silence: () => void) => Promise<T>,
): Promise<T> {
  const sockets: Socket[] = [];
  const proxy = createServer((client) => {
    const server = tcpConnect(behind.port, behind.host);
    sockets.push(client, server);
    for (const socket of [client, server]) socket.on('error', () => undefined);
    client.pipe(server).pipe(client);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const address = proxy.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const silence = (): void => {
    for (const socket of sockets) {
      socket.unpipe();
      socket.pause();
    }
  };
  try {
    return await use({ ...behind, host: '127.0.0.1', port }, silence);
  } finally {
    for (const socket of sockets) socket.destroy();
    proxy.close();
  }
}
