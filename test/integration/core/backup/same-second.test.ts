import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { commitBackup } from '../../../../core/backup/commit-backup.ts';
import { keyOf, parseId } from '../../../../core/manifest/backup-id.ts';
import { parseManifest } from '../../../../core/manifest/manifest.ts';
import { fileStore } from '../../../../core/store/file/file-store.ts';
import { ObjectExists, readSmall } from '../../../../core/store/store.ts';
import { writePast } from '../../../support/backup/history.ts';

test('of two runs in the same second and in other formats, the later leaves nothing in the folder of the first', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'pgproof-second-'));
  try {
    const store = fileStore({ directory });
    const id = parseId(
      await writePast(store, { startedAt: new Date('2026-11-20T02:00:00Z'), verdict: 'none' }),
    );
    const files = async (): Promise<string[]> => {
      const found = await readdir(directory, { recursive: true, withFileTypes: true });
      return found
        .filter((one) => one.isFile())
        .map((one) => join(one.parentPath, one.name))
        .sort();
    };
    const before = await files();
    const key = keyOf(id, 'manifest.json');
    const manifest = parseManifest(await readSmall(store, key), key);
    const staged = await Promise.all(
      ['archive.sql.zst', 'globals.sql', 'database.sql'].map((name) =>
        store.stage(keyOf(id, name), Readable.from([Buffer.from('the later one')])),
      ),
    );
    const shared = { store, id, manifest, onWarning: () => undefined, lock: () => undefined };
    await expect(commitBackup({ ...shared, staged })).rejects.toThrow(ObjectExists);
    await Promise.all(staged.map((one) => one.abort()));
    expect(await files()).toEqual(before);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
