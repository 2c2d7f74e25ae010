import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { listBackups } from '../../../../core/inventory/list-backups.ts';
import type { Manifest } from '../../../../core/manifest/manifest.ts';
import { parseSummary } from '../../../../core/manifest/summary.ts';
import { ObjectExists, readSmall, type Store, StoreUnusable } from '../../../../core/store/store.ts';
import { runBackup, withFileStore } from '../../../support/backup/run.ts';
import { newestMajor, withDatabase } from '../../../support/postgres/servers.ts';

const sql = 'create table t (a int); insert into t select generate_series(1, 40)';

async function doneOf({ outcome }: ReturnType<typeof runBackup>): Promise<Manifest> {
  const [result] = (await outcome).databases;
  if (result?.status !== 'done') throw new Error(JSON.stringify(result));
  return result.manifest;
}

/** A store in which `create` of keys with that end does something else. */
function creating(store: Store, end: string, instead: Store['create']): Store {
  return {
    ...store,
    create: async (key, content) =>
      key.endsWith(`/${end}`) ? await instead(key, content) : await store.create(key, content),
  };
}

it('a summary lies beside the manifest, and says how large it is and what is in it', () =>
  withDatabase(newestMajor(), { sql }, async ({ parameters }) =>
    withFileStore(async (store) => {
      const order: string[] = [];
      const watched: Store = {
        ...store,
        create: async (key, content) => {
          order.push(key.split('/').at(-1) ?? '');
          await store.create(key, content);
        },
      };
      const manifest = await doneOf(runBackup(parameters, watched));
      expect(order).toEqual(['summary.json', 'manifest.json']);
      const bytes = await readSmall(store, `${manifest.id}/manifest.json`);
      const summary = parseSummary(await readSmall(store, `${manifest.id}/summary.json`), 'summary');
      expect(summary).toMatchObject({
        id: manifest.id,
        rows: 40,
        tables: 1,
        server: { systemIdentifier: manifest.server.systemIdentifier },
        manifest: { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') },
      });
    }),
  ));

it('a run that ends between summary and manifest leaves no backup, and the next one knows of none before it', () =>
  withDatabase(newestMajor(), { sql }, async ({ parameters }) =>
    withFileStore(async (store, files) => {
      const killed = creating(store, 'manifest.json', () => Promise.reject(new Error('killed')));
      expect((await runBackup(parameters, killed).outcome).databases[0]?.status).toBe('failed');
      expect((await files()).filter((path) => path.endsWith('summary.json'))).toHaveLength(1);
      expect(await listBackups(store, {})).toEqual([]);
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      expect(await doneOf(runBackup(parameters, store))).not.toHaveProperty('previous');
    }),
  ));

it('a summary that another run has written under the same id costs the id, not the backup', () =>
  withDatabase(newestMajor(), { sql }, async ({ parameters }) =>
    withFileStore(async (store) => {
      let isTaken = true;
      const taken = creating(store, 'summary.json', async (key, content) => {
        if (!isTaken) return await store.create(key, content);
        isTaken = false;
        throw new ObjectExists({ what: 'The key is taken', fix: 'Nothing was overwritten.' });
      });
      const { id } = await doneOf(runBackup(parameters, taken));
      expect((await listBackups(store)).map(({ summary }) => summary)).toMatchObject([{ id }]);
    }),
  ));

it('where a summary may not be written the backup is made, and says so', () =>
  withDatabase(newestMajor(), { sql }, async ({ parameters }) =>
    withFileStore(async (store) => {
      const refusing = creating(store, 'summary.json', () =>
        Promise.reject(new StoreUnusable({ what: 'Access is denied', fix: 'Allow it.' })),
      );
      const { progress, ...run } = runBackup(parameters, refusing);
      const manifest = await doneOf({ progress, ...run });
      const message = expect.stringMatching(/^summary\.json could not be written, .*Access is denied/);
      expect(manifest.warnings).toEqual([{ program: 'pgproof', message }]);
      expect(progress).toContainEqual({ kind: 'warning', database: manifest.database, message });
      const { id } = manifest;
      expect((await listBackups(store)).map(({ summary }) => summary)).toMatchObject([{ id }]);
    }),
  ));
