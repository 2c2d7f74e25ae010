import { describe, expect, it } from 'vitest';
import type { Recorded } from '../../../../core/backup/make-manifest.ts';
import { recordContents } from '../../../../core/backup/record-contents.ts';
import type { Manifest } from '../../../../core/manifest/manifest.ts';
import type { ConnectionParameters } from '../../../../core/postgres/connect/parameters.ts';
import { openSnapshot } from '../../../../core/postgres/facts/snapshot.ts';
import { fingerprintsOf } from '../../../../core/postgres/facts/table-fingerprint.ts';
import { compareObjects } from '../../../../core/postgres/objects/compare-objects.ts';
import { readObjects } from '../../../../core/postgres/objects/read-objects.ts';
import { runBackup, withFileStore } from '../../../support/backup/run.ts';
import {
  newestMajor,
  outerMajors,
  runSql,
  uniqueName,
  withClient,
  withDatabase,
} from '../../../support/postgres/servers.ts';

const { signal } = new AbortController();

async function backedUp(parameters: ConnectionParameters, fingerprint = false): Promise<Manifest> {
  return withFileStore(async (store) => {
    const [result] = (await runBackup(parameters, store, { fingerprint }).outcome).databases;
    if (result?.status !== 'done') throw new Error(JSON.stringify(result));
    return result.manifest;
  });
}

/** Without pg_dump, as if it had its locks and were done. */
async function record(
  parameters: ConnectionParameters,
  meanwhile: () => Promise<unknown> = async () => undefined,
): Promise<{ readonly recorded: Recorded; readonly warnings: string[] }> {
  const warnings: string[] = [];
  const recorded = await withClient(parameters, async (client) => {
    const snapshot = await openSnapshot(client, 60);
    await meanwhile();
    return recordContents({
      client,
      database: parameters.database,
      snapshot,
      rows: 'exact',
      fingerprint: false,
      describe: false,
      pgDumpMajor: newestMajor(),
      signal,
      locked: Promise.resolve(),
      dumped: Promise.resolve(),
      onLife: () => undefined,
      onWarning: (message) => void warnings.push(message),
    });
  });
  return { recorded, warnings };
}

describe.each(outerMajors())('the manifest of a backup of PostgreSQL %i', (major) => {
  const sql = `create table t (a int primary key, b text); insert into t values (1, 'one'), (2, null);
    create view v as select a from t; select lo_from_bytea(0, '\\x0102')`;

  it('records why one job would have to restore it', async () => {
    // An event trigger of the database's own is restored last, and matters to nothing before it.
    const calls = `create function ok(int) returns bool language sql as 'select true'; create table t (a int check (ok(a)));
      create function nothing() returns event_trigger language plpgsql as 'begin end';
      create event trigger own on ddl_command_start execute function nothing()`;
    await withDatabase(major, { sql: calls }, async ({ parameters }) => {
      const { recorded } = await record(parameters);
      expect(recorded.order).toEqual({
        rows: expect.stringMatching(/^a CHECK constraint calls (public\.)?ok\(integer\)/),
        after: undefined,
      });
    });
  });

  it('records what the database holds', async () => {
    await withDatabase(major, { sql }, async ({ parameters, name }) => {
      const role = `Odd "role" of ${name}`;
      const quoted = `"${role.replaceAll('"', '""')}"`;
      await runSql(parameters, `create role ${quoted}; alter view v owner to ${quoted}`);
      try {
        const manifest = await backedUp(parameters, true);
        expect(manifest.server.locale).toEqual({ provider: 'libc', collate: 'C', ctype: 'C' });
        expect(manifest.globals.bootstrapRole).toBe('postgres');
        expect(manifest.globals.roles).toEqual(expect.arrayContaining(['postgres', role]));
        expect(manifest.globals.roles?.filter((one) => one.startsWith('pg_'))).toEqual([]);
        expect(manifest.globals.tablespaces).toEqual([]);
        expect(manifest.largeObjects).toBe(1);
        expect(manifest.largeObjectsFingerprint).toMatch(/^rows1:/);
        const found = await withClient(parameters, readObjects);
        expect(compareObjects(manifest.catalog ?? [], found, { sameMajor: true })).toEqual([]);
        expect(manifest.catalog?.map(({ identity }) => identity)).toEqual(
          expect.arrayContaining(['public.t', 'public.v', 'public.t_pkey', 't_pkey on public.t', name]),
        );
        expect(await withClient(parameters, (client) => fingerprintsOf(client, { signal }))).toEqual(
          manifest.tables,
        );
      } finally {
        await runSql(parameters, `drop view v; drop role ${quoted}`);
      }
    });
  });

  it('has no fingerprints where nobody asked', async () => {
    await withDatabase(major, { sql }, async ({ parameters }) => {
      const manifest = await backedUp(parameters);
      expect(manifest.tables).toEqual([{ schema: 'public', name: 't', rows: 2 }]);
      expect('largeObjectsFingerprint' in manifest).toBe(false);
    });
  });
});

it('the locale of a database with ICU is recorded', async () => {
  const name = uniqueName('icu');
  await withDatabase(newestMajor(), {}, async ({ parameters }) => {
    await runSql(
      parameters,
      `create database ${name} template template0 encoding 'UTF8' locale_provider icu icu_locale 'de-DE' locale 'C'`,
    );
    try {
      const { server } = await backedUp({ ...parameters, database: name });
      expect(server.locale).toEqual({ provider: 'icu', collate: 'C', ctype: 'C', locale: 'de-DE' });
    } finally {
      await runSql(parameters, `drop database ${name}`);
    }
  });
});

it('a catalog that the role may not read is a warning, and the rows are counted', async () => {
  const sql = 'create table t as select 1 as a; revoke select on pg_catalog.pg_policy from public';
  await withDatabase(newestMajor(), { sql }, async ({ parameters }) => {
    const reader = uniqueName('reader');
    await runSql(parameters, `create role ${reader} login; grant select on t to ${reader}`);
    try {
      const { recorded, warnings } = await record({ ...parameters, user: reader });
      expect(recorded.tables).toEqual([{ schema: 'public', name: 't', rows: 1 }]);
      expect([recorded.catalog, recorded.largeObjects]).toEqual([undefined, undefined]);
      expect(warnings).toEqual([expect.stringContaining('permission denied for table pg_policy')]);
    } finally {
      await runSql(parameters, `drop owned by ${reader}; drop role ${reader}`);
    }
  });
});

it('a view whose table somebody has locked holds nothing up for long', async () => {
  const sql =
    'create table t as select 1 as a; create table u as select 1 as a; create view v as select a from t';
  await withDatabase(newestMajor(), { sql }, async ({ parameters }) => {
    await withClient(parameters, async (other) => {
      const { recorded, warnings } = await record(parameters, () => other.query('begin; lock table t'));
      expect(recorded.tables.map(({ rows }) => rows)).toEqual([null, 1]);
      expect(recorded.catalog).toBeUndefined();
      expect(warnings).toEqual([expect.stringContaining('lock timeout')]);
    });
  });
});
