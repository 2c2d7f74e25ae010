import { createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { backupLog } from '../../../../core/notify/backup-log/backup-log.ts';
import { runLock } from '../../../../core/notify/backup-log/session.ts';
import { logTableScript } from '../../../../core/notify/backup-log/table.ts';
import type { RunEvent, RunListener } from '../../../../core/notify/run-events.ts';
import type { ConnectionParameters } from '../../../../core/postgres/connect/parameters.ts';
import { runBackup, verifyNow, withFileStore } from '../../../support/backup/run.ts';
import {
  newestMajor,
  runSql,
  type TestDatabase,
  testMajors,
  uniqueName,
  withClient,
  withDatabase,
  withOwnServer,
} from '../../../support/postgres/servers.ts';

const place = { schema: 'public', table: 'backup_log' };
const at = (minute: number): Date => new Date(Date.now() - 3_600_000 + minute * 60_000);
const limits = { attemptSeconds: 1.5, pauseSeconds: 0 };

type Log = RunListener & { readonly warnings: readonly string[] };

function logTo(parameters: ConnectionParameters, more: Partial<Parameters<typeof backupLog>[0]> = {}): Log {
  const warnings: string[] = [];
  const onWarning = (text: string): void => void warnings.push(text);
  return { ...backupLog({ ...place, resolve: () => parameters, onWarning, limits, ...more }), warnings };
}

const ofRun = { run: 'run-1', source: 'shop', schedule: 'nightly' } as const;
const ofApp = { ...ofRun, database: 'app' } as const;
const id = 'shop/app/2026-11-20T02-00-00Z';
const archive = `file:///backups/${id}/archive.dump`;

const started: RunEvent = { ...ofApp, kind: 'backup-started', at: at(0) };
const done: RunEvent = {
  ...ofApp,
  kind: 'backup-done',
  at: at(2),
  id,
  archive,
  startedAt: at(0),
  bytes: 5_000_000_000,
  rows: 70,
  seconds: 120.5,
};
const verified: RunEvent = {
  ...ofApp,
  kind: 'verified',
  at: at(3),
  id,
  verdict: 'proven',
  level: 'restore',
  error: undefined,
  seconds: 60,
};
const copied: RunEvent = {
  ...ofApp,
  kind: 'copied',
  at: at(4),
  id,
  to: 's3://copies',
  error: undefined,
  seconds: 6,
};
const finished: RunEvent = {
  ...ofRun,
  kind: 'run-finished',
  at: at(5),
  ok: true,
  seconds: 300,
  problems: [],
};

const rowsOf = (database: Pick<TestDatabase, 'query'>) =>
  database.query<Record<string, unknown>>('select * from public.backup_log order by id');

async function tellAll(log: RunListener, events: readonly RunEvent[]): Promise<void> {
  for (const event of events) await log.on(event);
}

test.each(testMajors())('a night in the table and the views, on PostgreSQL %i', async (major) => {
  await withDatabase(major, {}, async (database) => {
    const log = logTo(database.tcpParameters);
    await log.on(started);
    expect(await rowsOf(database)).toMatchObject([
      { status: 'running', database_name: 'app', completed_at: null },
    ]);
    await tellAll(log, [
      done,
      { ...ofRun, kind: 'backup-started', database: 'kaputt', at: at(1) },
      {
        ...ofRun,
        kind: 'backup-failed',
        database: 'kaputt',
        at: at(2),
        error: `postgres://u:canary@h/d\0: ${'x'.repeat(10_000)}`,
        seconds: 9,
      },
      verified,
      copied,
      finished,
    ]);
    await log.close();
    expect(log.warnings).toEqual([]);
    const [app, broken] = await rowsOf(database);
    expect(app).toMatchObject({
      run: 'run-1',
      source: 'shop',
      schedule: 'nightly',
      status: 'completed',
      backup_id: id,
      backup_file: archive,
      backup_size_bytes: '5000000000',
      rows: '70',
      duration_seconds: 120.5,
      verdict: 'proven',
      level: 'restore',
      copied_to: ['s3://copies'],
      pruned_at: null,
      error_message: null,
    });
    expect(broken).toMatchObject({ status: 'failed', verdict: null });
    expect(String(broken?.error_message)).toMatch(/^postgres:\/\/u:\*\*\*@h\/d/);
    expect(String(broken?.error_message).length).toBeLessThanOrEqual(4_000);
    const status = await database.query('select * from public.backup_log_status order by database_name');
    expect(status).toMatchObject([
      { database_name: 'app', last_status: 'completed', last_verdict: 'proven', last_good_backup_id: id },
      { database_name: 'kaputt', last_good_at: null, last_status: 'failed', failed_7_days: '1' },
    ]);
    const [{ hours } = { hours: 0 }] = await database.query<{ hours: number }>(
      "select hours_since_good as hours from public.backup_log_status where database_name = 'app'",
    );
    expect(hours).toBeGreaterThan(0.9);
    expect(hours).toBeLessThan(1.2);
    expect(await database.query('select * from public.backup_log_recent')).toHaveLength(2);
  });
});

test('a prune of thousands of backups is in the table at once', async () => {
  await withDatabase(newestMajor(), {}, async (database) => {
    const log = logTo(database.tcpParameters);
    await tellAll(log, [started, done, finished]);
    await database.query(
      `insert into backup_log (run, source, database_name, started_at, status, backup_id, backup_file)
       select 'run-' || i, source, database_name, started_at, status, 'shop/app/' || i, 's3://backups/shop/app/' || i || '/archive.dump'
       from backup_log, generate_series(2, 5000) as i`,
    );
    for (let i = 2; i <= 5000; i++)
      await log.on({
        ...ofApp,
        run: 'run-b',
        kind: 'pruned',
        at: at(9),
        id: `shop/app/${i}`,
        store: 's3://backups',
      });
    // What stands between two of them is written between them.
    await log.on({ ...verified, run: 'run-b', id: 'shop/app/2', verdict: 'failed' });
    await log.on({ ...ofApp, run: 'run-b', kind: 'pruned', at: at(9), id, store: 'file:///backups' });
    const began = performance.now();
    await log.close();
    expect(performance.now() - began).toBeLessThan(1_500);
    expect(log.warnings).toEqual([]);
    expect(
      await database.query('select count(pruned_at)::int, count(*)::int as all from backup_log'),
    ).toEqual([{ count: 5000, all: 5000 }]);
    expect(await database.query("select verdict from backup_log where backup_id = 'shop/app/2'")).toEqual([
      { verdict: 'failed' },
    ]);
  });
});

test('a later run writes into the rows of earlier ones: a bad verdict, a prune, a copy that is pruned', async () => {
  await withDatabase(newestMajor(), {}, async (database) => {
    const first = logTo(database.tcpParameters);
    await tellAll(first, [started, done, verified, copied, finished]);
    await first.close();
    const second = logTo(database.tcpParameters);
    const later = { ...ofApp, run: 'run-2', id } as const;
    await tellAll(second, [{ ...later, kind: 'pruned', at: at(10), store: 's3://copies' }]);
    await second.close();
    expect(await rowsOf(database)).toMatchObject([{ copied_to: [], pruned_at: null, status: 'completed' }]);
    const third = logTo(database.tcpParameters);
    await tellAll(third, [
      {
        ...later,
        kind: 'verified',
        at: at(11),
        verdict: 'failed',
        level: 'read',
        error: 'bytes are wrong',
        seconds: 1,
      },
      { ...later, kind: 'pruned', at: at(12), store: 'file:///backups' },
      {
        ...later,
        kind: 'verified',
        id: 'shop/app/unknown',
        at: at(11),
        verdict: 'proven',
        level: 'read',
        error: undefined,
        seconds: 1,
      },
    ]);
    await third.close();
    expect(await rowsOf(database)).toMatchObject([
      { status: 'failed', verdict: 'failed', error_message: 'bytes are wrong', pruned_at: expect.any(Date) },
    ]);
    expect([...second.warnings, ...third.warnings]).toEqual([]);
  });
});

test('rows of killed runs are abandoned, those of live ones are not', async () => {
  await withDatabase(newestMajor(), {}, async (database) => {
    const alive = logTo(database.tcpParameters);
    await alive.on({ ...started, run: 'alive' });
    await database.query(
      "insert into public.backup_log (run, source, database_name, started_at, status) values ('killed', 'shop', 'app', now() - interval '1 day', 'running'), ('others', 'elsewhere', 'app', now(), 'running')",
    );
    const next = logTo(database.tcpParameters);
    await next.on({ ...started, run: 'next' });
    await next.close();
    expect((await rowsOf(database)).map(({ run, status }) => `${String(run)} ${String(status)}`)).toEqual([
      'alive running',
      'killed abandoned',
      'others running',
      'next running',
    ]);
    await alive.on({ ...done, run: 'alive' });
    await alive.close();
    expect((await rowsOf(database))[0]).toMatchObject({ status: 'completed' });
  });
});

test('two runs at once make one table; odd names of schema, table and database are names', async () => {
  await withDatabase(newestMajor(), {}, async (database) => {
    const odd = { schema: 'Log "x"; drop table y', table: "b'ack up%" };
    const logs = ['a', 'b', 'c', 'd'].map(() => logTo(database.tcpParameters, odd));
    await Promise.all(
      logs.map((log, index) => log.on({ ...started, run: `run-${index}`, database: `o'dd "n"\n${index}` })),
    );
    await Promise.all(logs.map((log) => log.close()));
    expect(logs.flatMap(({ warnings }) => warnings)).toEqual([]);
    const rows = await database.query(`select * from "Log ""x""; drop table y"."b'ack up%_recent"`);
    expect(rows).toHaveLength(4);
  });
});

test('an older table is brought up without loss, a newer one is written to, that of others is left alone', async () => {
  await withDatabase(newestMajor(), {}, async (database) => {
    await database.query(`
      create table backup_log (id bigint generated always as identity primary key, run text not null, source text not null,
        database_name text not null, started_at timestamptz not null, status text not null, unique (run, source, database_name));
      comment on table backup_log is 'pgproof backup log, version 0';
      insert into backup_log (run, source, database_name, started_at, status) values ('old', 'shop', 'app', now(), 'completed')`);
    const logs = [logTo(database.tcpParameters), logTo(database.tcpParameters)];
    await Promise.all(logs.map((log, index) => log.on({ ...started, run: `new-${index}` })));
    await Promise.all(logs.map((log) => log.close()));
    expect(logs.flatMap(({ warnings }) => warnings)).toEqual([]);
    expect((await rowsOf(database)).map(({ run, verdict }) => [run, verdict])).toEqual(
      expect.arrayContaining([
        ['old', null],
        ['new-0', null],
        ['new-1', null],
      ]),
    );

    await database.query(`comment on table backup_log is 'pgproof backup log, version 99';
      alter table backup_log add colour text default 'blue'; alter table backup_log drop column level cascade`);
    const newer = logTo(database.tcpParameters);
    await tellAll(newer, [
      { ...started, run: 'n' },
      { ...done, run: 'n' },
      { ...verified, run: 'n' },
    ]);
    await newer.close();
    expect(newer.warnings).toEqual([]);
    expect((await rowsOf(database)).at(-1)).toMatchObject({ run: 'n', verdict: 'proven', colour: 'blue' });
  });
  await withDatabase(newestMajor(), { sql: 'create table backup_log (what text)' }, async (database) => {
    const log = logTo(database.tcpParameters);
    await tellAll(log, [started, done, finished]);
    await log.close();
    expect(log.warnings[0]).toContain("public.backup_log is there, and is not pgproof's");
    expect(await database.query('select * from backup_log')).toEqual([]);
  });
});

test('a role that may only write into a table that was made for it', async () => {
  const [writer, reader] = [uniqueName('writer'), uniqueName('reader')];
  await withDatabase(newestMajor(), {}, async (database) => {
    await database.query(
      `create role ${writer} login password 'w-canary'; create role ${reader} login password 'r';
       revoke create on schema public from public`,
    );
    try {
      await database.query(logTableScript(place, { writer, reader }));
      const log = logTo({ ...database.tcpParameters, user: writer, password: 'w-canary' });
      await tellAll(log, [started, done, verified, copied, finished]);
      await log.close();
      expect(log.warnings).toEqual([]);
      const asReader = { ...database.tcpParameters, user: reader, password: 'r' };
      expect(await runSql(asReader, 'select * from public.backup_log_status')).toHaveLength(1);
      await expect(runSql(asReader, 'delete from public.backup_log')).rejects.toThrow('permission denied');

      await database.query(`revoke all on backup_log from ${writer}`);
      const without = logTo({ ...database.tcpParameters, user: writer, password: 'w-canary' });
      await tellAll(without, [{ ...started, run: 'r2' }, finished]);
      await without.close();
      expect(without.warnings.join('\n')).toContain('permission denied for table backup_log');
      expect(without.warnings.join('\n')).not.toContain('canary');
    } finally {
      await database.query(`drop owned by ${writer}, ${reader}; drop role ${writer}, ${reader}`);
    }
  });
});

test('a role that reads unless it says otherwise, as that for backups, writes where it has the right to', async () => {
  await withDatabase(newestMajor(), {}, async (database) => {
    const log = logTo({ ...database.tcpParameters, options: '-c default_transaction_read_only=on' });
    for (const event of [started, done, finished]) await log.on(event);
    await log.close();
    expect(log.warnings).toEqual([]);
    expect(await rowsOf(database)).toMatchObject([{ status: 'completed' }]);
  });
});

test('no rights, a wrong password, a locked table: warnings, soon', async () => {
  await withDatabase(newestMajor(), {}, async (database) => {
    const helpless = logTo({ ...database.tcpParameters, options: '-c role=pg_monitor' });
    await helpless.on(started);
    await helpless.close();
    expect(helpless.warnings.join()).toMatch(
      /permission denied[^\n]*\. What the role in backupLog\.url needs/,
    );
    const refused = logTo({ ...database.tcpParameters, password: 'canary-wrong' });
    await refused.on(started);
    await refused.close();
    expect(refused.warnings.length).toBeGreaterThan(0);
    expect(refused.warnings.join()).not.toContain('canary');

    const log = logTo(database.tcpParameters);
    await log.on(started);
    await withClient(database.parameters, async (client) => {
      await client.query('begin; lock table public.backup_log');
      const since = performance.now();
      await log.on(done);
      expect(performance.now() - since).toBeLessThan(5_000);
      await client.query('commit');
    });
    await log.on(finished);
    await log.close();
    expect(log.warnings).toHaveLength(1);
    expect(await rowsOf(database)).toMatchObject([{ status: 'completed' }]);
  });
});

test('a server that says nothing is waited for once, then left alone; at the end it is tried once more', async () => {
  const sockets = new Set<Socket>();
  const silent = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
  });
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const address = silent.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const parameters: ConnectionParameters = {
    host: '127.0.0.1',
    port,
    user: 'u',
    password: 'canary',
    database: 'd',
    tls: { mode: 'disable' },
    connectTimeoutSeconds: 0,
  };
  const log = logTo(parameters, { limits: { attemptSeconds: 0.3, pauseSeconds: 60 } });
  const since = performance.now();
  for (let turn = 0; turn < 50; turn += 1) await log.on({ ...started, database: `db${turn}` });
  expect(sockets.size).toBe(1);
  await log.on(finished);
  await log.close();
  expect(performance.now() - since).toBeLessThan(4_000);
  expect(log.warnings.join('\n')).toContain('of this run 50 entries did not come into the table');
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => silent.close(resolve));
});

test('a server that restarts in between: what was not written then is written later', async () => {
  await withOwnServer(newestMajor(), { tcp: true }, async (server) => {
    let isAway = false;
    const parameters = server.tcpParameters;
    if (parameters === undefined) throw new Error('no TCP');
    const log = logTo(parameters, { resolve: () => ({ ...parameters, port: isAway ? 1 : parameters.port }) });
    await log.on(started);
    await runSql(
      server.parameters,
      "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'pgproof backup_log'",
    );
    isAway = true;
    await log.on(done);
    isAway = false;
    await log.on(verified);
    await log.close();
    expect(log.warnings.length).toBeGreaterThan(0);
    expect(await runSql(server.parameters, 'select run, status, verdict from backup_log')).toEqual([
      { run: 'run-1', status: 'completed', verdict: 'proven' },
    ]);
  });
});

test('a table in the very database that is backed up: its row is in the dump, and the counts agree', async () => {
  await withDatabase(newestMajor(), {}, (database) =>
    withFileStore(async (store) => {
      const log = logTo(database.tcpParameters);
      await log.on(started);
      const writing = setInterval(
        () => void log.on({ ...started, database: `other-${performance.now()}` }),
        5,
      );
      const { databases } = await runBackup(database.parameters, store).outcome;
      clearInterval(writing);
      await log.on(done);
      await log.close();
      expect(log.warnings).toEqual([]);
      const [result] = databases;
      if (result?.status !== 'done') throw new Error('no backup');
      expect(await verifyNow(store, result.id)).toMatchObject({ verdict: 'intact' });
    }),
  );
});

test('the lock of a run is its own', () => {
  expect(runLock(place, 'a')).not.toBe(runLock(place, 'b'));
  expect(runLock(place, 'a')).not.toBe(runLock({ ...place, table: 'other' }, 'a'));
});
