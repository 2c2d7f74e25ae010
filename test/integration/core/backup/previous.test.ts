import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Manifest } from '../../../../core/manifest/manifest.ts';
import { manifestSchema, serialize } from '../../../../core/manifest/manifest.ts';
import type { ConnectionParameters } from '../../../../core/postgres/connect/parameters.ts';
import type { PrivateServer } from '../../../../core/postgres/server/private-server.ts';
import { fileStore } from '../../../../core/store/file/file-store.ts';
import { readSmall, type Store, StoreUnusable } from '../../../../core/store/store.ts';
import { runBackup, verifyNow, withFileStore } from '../../../support/backup/run.ts';
import { realServerTools } from '../../../support/postgres/programs.ts';
import { newestMajor, runSql, withDatabase, withOwnServer } from '../../../support/postgres/servers.ts';

/** Backs up, some days later each time: two in one second would have to wait for another id. */
function nights(store: Store, dependencies: Parameters<typeof runBackup>[3] = {}) {
  let night = 0;
  return async (parameters: ConnectionParameters, plan: Parameters<typeof runBackup>[2] = {}) => {
    night += 1;
    const at = new Date(Date.UTC(2026, 0, night, 2));
    const run = runBackup(parameters, store, plan, { clock: () => at, ...dependencies });
    const [result] = (await run.outcome).databases;
    if (result?.status !== 'done') throw new Error(JSON.stringify(result));
    return { manifest: result.manifest, alerts: run.alerts, said: warningsIn(result.manifest) };
  };
}

function warningsIn({ warnings = [] }: Manifest): string[] {
  return warnings.map(({ message }) => message);
}

const rows = (count: number): string =>
  `drop table if exists t; create table t as select generate_series(1, ${count}) a`;

it('a backup remembers the one before it, and an emptied database is told once', () =>
  withDatabase(newestMajor(), { sql: rows(1000) }, async ({ parameters, name }) =>
    withFileStore(async (store) => {
      const backup = nights(store);
      const first = await backup(parameters);
      expect(first.manifest).not.toHaveProperty('previous');
      await runSql(parameters, 'delete from t where a > 600');
      const second = await backup(parameters);
      expect(second.manifest.previous).toEqual({
        id: first.manifest.id,
        systemIdentifier: first.manifest.server.systemIdentifier,
        rows: 1000,
        bytes: first.manifest.objects.find(({ role }) => role === 'archive')?.bytes,
        format: 'custom',
        compression: first.manifest.dump.compression,
      });
      expect([first.alerts, second.alerts, second.said]).toEqual([[], [], []]);

      await runSql(parameters, 'delete from t where a > 3');
      const emptied = await backup(parameters);
      expect(emptied.alerts.map(({ subject }) => subject)).toEqual([
        expect.stringMatching(
          new RegExp(`^LOOK AT BACKUP test/${name}: less than half of the backup before: 3 rows instead of`),
        ),
      ]);
      expect(emptied.alerts[0]?.text).toContain(`pgproof release ${second.manifest.id}`);
      expect(emptied.said).toEqual([expect.stringContaining('3 rows instead of 600 rows')]);
      expect(await verifyNow(store, emptied.manifest.id)).toMatchObject({ verdict: 'intact' });

      const after = await backup(parameters);
      expect([after.alerts, after.said]).toEqual([[], []]);
      // Few as there were: who owns three rows knows what they are worth.
      await runSql(parameters, 'delete from t where a > 1');
      expect((await backup(parameters)).alerts).toHaveLength(1);
    }),
  ));

it('fewer bytes are a cliff only in the same form', () =>
  withDatabase(newestMajor(), { sql: '' }, async ({ parameters }) =>
    withFileStore(async (store) => {
      const noise = (bytes: number): string =>
        `drop table if exists t; create table t as select i, (select string_agg(md5(i::text || j), '')
           from generate_series(1, ${bytes}) j) from generate_series(1, 10) i`;
      const backup = nights(store);
      await runSql(parameters, noise(5000));
      await backup(parameters, { compression: { method: 'gzip', level: 1 } });
      await runSql(parameters, noise(50));
      const other = await backup(parameters, { compression: { method: 'gzip', level: 6 } });
      expect(other.alerts).toEqual([]);
      await runSql(parameters, noise(5000));
      await backup(parameters, { rows: 'none', compression: { method: 'gzip', level: 6 } });
      await runSql(parameters, noise(50));
      const same = await backup(parameters, { compression: { method: 'gzip', level: 6 } });
      expect(same.alerts.map(({ text }) => text)).toEqual([expect.stringContaining('an archive of')]);
    }),
  ));

/** Of initdb's own making: those that tests get else are copies of one, and have one identifier. */
async function withTwoClusters(
  use: (one: PrivateServer, two: PrivateServer) => Promise<void>,
): Promise<void> {
  const tools = await realServerTools(newestMajor());
  await withOwnServer(newestMajor(), { tools }, (one) =>
    withOwnServer(newestMajor(), { tools }, (two) => use(one, two)),
  );
}

it('another cluster under the same name is told once, and where two take turns each time', () =>
  withTwoClusters(async (one, two) => {
    await Promise.all(
      [one, two].map(async ({ parameters }) => {
        for (const database of ['app', 'shop']) {
          await runSql(parameters, `create database ${database}`);
          await runSql({ ...parameters, database }, rows(10));
        }
      }),
    );
    const [old, anew] = [one, two].map((server) => ({ ...server.parameters, database: 'app' }));
    if (old === undefined || anew === undefined) throw new Error('two servers');
    await withFileStore(async (store) => {
      const backup = nights(store);
      const databases = { databases: ['app', 'shop'] };
      const before = await backup(old, databases);
      const { alerts, manifest, said } = await backup(anew, databases);
      expect(manifest.server.systemIdentifier).not.toBe(before.manifest.server.systemIdentifier);
      expect(alerts.map(({ subject }) => subject)).toEqual([
        'LOOK AT BACKUP test/app: another cluster than in the backup before',
      ]);
      expect(alerts[0]?.text).toMatch(/pg_upgrade.*--name/);
      expect(said).toEqual([
        expect.stringContaining(`${before.manifest.server.systemIdentifier} in test/app/`),
      ]);
      expect((await backup(anew, databases)).alerts).toEqual([]);
      expect((await backup(old, databases)).alerts).toHaveLength(1);
      expect((await backup(anew, databases)).alerts).toHaveLength(1);
    });
  }));

it('a role that may not read the identifier any more is told so once, and alarms nobody', () =>
  withDatabase(newestMajor(), { sql: rows(3) }, async ({ parameters }) =>
    withFileStore(async (store) => {
      const backup = nights(store);
      await backup(parameters);
      const role = `${parameters.database}_limited`;
      await runSql(
        parameters,
        `create role "${role}" login; grant pg_read_all_data to "${role}";
         revoke execute on function pg_control_system() from public`,
      );
      try {
        const limited = { ...parameters, user: role };
        const { alerts, said } = await backup(limited);
        expect(alerts).toEqual([]);
        expect(said.filter((line) => line.includes('pg_control_system'))).toHaveLength(1);
        expect((await backup(limited)).said.filter((line) => line.includes('identifier'))).toEqual([]);
      } finally {
        await runSql(parameters, `drop owned by "${role}"; drop role "${role}"`);
      }
    }),
  ));

it('what cannot be read of the backups before is a warning, and the newest that can be counts', () =>
  withDatabase(newestMajor(), { sql: rows(10) }, async ({ parameters, name }) =>
    withFileStore(async (store, _files, directory) => {
      const backup = nights(store);
      const first = await backup(parameters);
      const at = (time: string): string => join(directory, 'test', name, time);
      // A backup that went bad, what a killed run left, one of the future, one that is partial, and none of ours.
      for (const time of ['2026-01-01T03-00-00Z', '2026-01-01T04-00-00Z', '2031-01-01T00-00-00Z'])
        await mkdir(at(time), { recursive: true });
      await writeFile(join(at('2026-01-01T03-00-00Z'), 'manifest.json'), '{"formatVersion": 1');
      await writeFile(join(at('2026-01-01T04-00-00Z'), 'summary.json'), '{}');
      await writeFile(join(at('2031-01-01T00-00-00Z'), 'manifest.json'), '{}');
      await mkdir(at('notes'), { recursive: true });
      const partial = manifestSchema.parse({
        ...first.manifest,
        id: `test/${name}/2026-01-01T05-00-00Z`,
        partial: true,
      });
      await mkdir(at('2026-01-01T05-00-00Z'));
      await writeFile(join(at('2026-01-01T05-00-00Z'), 'manifest.json'), serialize(partial));
      const second = await backup(parameters);
      expect(second.manifest.previous?.id).toBe(first.manifest.id);
      expect(second.said).toEqual([expect.stringMatching(/could not be read: test\/.*T03-00-00Z: /)]);
      expect(second.alerts).toEqual([]);
    }),
  ));

it.each([
  ['no summary', undefined],
  ['a summary of another manifest', { rows: 1, manifest: { bytes: 3, sha256: '0'.repeat(64) } }],
  ['a summary of another backup', { rows: 1, id: 'test/other/2026-01-01T02-00-00Z' }],
  ['a summary that is none', { rows: 'many' }],
])('of a backup with %s the manifest is read', (_, wrong) =>
  withDatabase(newestMajor(), { sql: rows(10) }, async ({ parameters }) =>
    withFileStore(async (store, _files, directory) => {
      const backup = nights(store);
      const { manifest } = await backup(parameters);
      const summary = join(directory, manifest.id, 'summary.json');
      const written = JSON.parse(String(await readSmall(store, `${manifest.id}/summary.json`)));
      if (wrong === undefined) await rm(summary);
      else await writeFile(summary, JSON.stringify({ ...written, ...wrong }));
      const { said, ...second } = await backup(parameters);
      expect(second.manifest.previous).toMatchObject({ id: manifest.id, rows: 10 });
      expect(said).toEqual([]);
    }),
  ),
);

it('where the store cannot be listed the backup is made, and says that nothing was compared', () =>
  withDatabase(newestMajor(), { sql: rows(10) }, async ({ parameters }) =>
    withFileStore(async (_store, _files, directory) => {
      const real = fileStore({ directory });
      const store: Store = {
        ...real,
        folders: () => {
          throw new StoreUnusable({ what: 'Listing is denied', fix: 'Allow it.' });
        },
      };
      const { said, alerts } = await nights(store)(parameters);
      expect(said).toEqual([expect.stringMatching(/nothing was compared: Listing is denied/)]);
      expect(alerts).toEqual([]);
    }),
  ));
