import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Manifest } from '../../../../../core/manifest/manifest.ts';
import { ScratchTooSmall } from '../../../../../core/scratch/free-room.ts';
import { type LookPlan, planLook } from '../../../../../core/verify/look/plan.ts';
import { writeBackup } from '../../../../support/backup/made-up.ts';

const megabyte = 1_000_000;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pgproof-plan-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

/** A database of 1 GB whose archive has 50 MB, and so much room for it. */
async function plan(
  format: Manifest['dump']['format'],
  freeBytes: number,
  isPartial: boolean,
): Promise<LookPlan> {
  const id = { source: 's', database: format, startedAt: new Date('2026-11-20T02:00:00Z') };
  const made = await writeBackup({ id, directory, format, tables: [], objects: { 'archive.dump': 'x' } });
  const manifest = await made.manifest();
  const objects = manifest.objects.map((one) => ({ ...one, bytes: 50 * megabyte }));
  return await planLook(
    { ...manifest, objects, databaseBytes: 1_000 * megabyte },
    { scratch: { directory, freeBytes: async () => freeBytes }, isPartial },
  );
}

test('a whole backup needs room for its database, and for the archive where it is kept', async () => {
  expect(await plan('custom', 1_400 * megabyte, false)).toMatchObject({ keepArchive: true });
  // Streamed, where only the database fits.
  expect(await plan('custom', 1_300 * megabyte, false)).toMatchObject({ keepArchive: false });
  await expect(plan('custom', 1_200 * megabyte, false)).rejects.toThrow(ScratchTooSmall);
  await expect(plan('custom', 1_200 * megabyte, false)).rejects.toThrow(
    /The restored database does not fit into .*: 1\.\d GB free .expected about 1\.2 GB/,
  );
  await expect(plan('directory', 1_300 * megabyte, false)).rejects.toThrow(ScratchTooSmall);
});

test('some of its tables need room for the archive, and take what is left', async () => {
  const { keepArchive, databaseBytes } = await plan('custom', 500 * megabyte, true);
  expect({ keepArchive, databaseBytes }).toEqual({ keepArchive: true, databaseBytes: 450 * megabyte });
  // Never streamed: what is chosen is looked up in its table of contents first.
  expect(await plan('custom', 1_300 * megabyte, true)).toMatchObject({ keepArchive: true });
  await expect(plan('custom', 100 * megabyte, true)).rejects.toThrow(
    /The archive, with a server beside it, does not fit/,
  );
});
