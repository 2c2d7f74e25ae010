import { expect, test } from 'vitest';
import { holdBackup } from '../../../../core/prune/hold.ts';
import { writePast } from '../../../support/backup/history.ts';
import { contentsOf, copyOne, type PlaceKind, withTwoPlaces } from '../../../support/copy/places.ts';

const startedAt = new Date('2026-11-20T02:00:00Z');
const large = 11 * 1024 * 1024;

test.each<readonly [PlaceKind, PlaceKind]>([
  ['directory', 'directory'],
  ['directory', 's3'],
  ['s3', 'directory'],
  ['s3', 's3'],
])('from %s to %s it is the same backup, byte for byte, with its verdict and its hold', (...kinds) =>
  withTwoPlaces(kinds, async (from, to) => {
    const id = await writePast(from.store, { startedAt, archiveBytes: large });
    const small = await writePast(from.store, { startedAt: new Date('2026-11-21T02:00:00Z'), files: 5 });
    const context = { store: from.store, clock: () => new Date(), signal: new AbortController().signal };
    await holdBackup({ backup: id, reason: 'audit', by: 'anna', until: undefined }, context);
    const steps: string[] = [];
    const outcome = await copyOne(from.store, to.store, id, {
      onProgress: ({ step, bytes, totalBytes }) => steps.push(`${step} ${bytes === totalBytes}`),
    });
    expect(outcome).toMatchObject({ kind: 'copied', checked: 'read-back', bytes: large + 9 });
    expect(steps).toContain('copying true');
    expect(steps.at(-1)).toBe('checking true');
    await copyOne(from.store, to.store, small);
    expect(await contentsOf(to)).toEqual(await contentsOf(from));
    expect(to.server?.uploads() ?? []).toEqual([]);

    expect(await copyOne(from.store, to.store, id)).toEqual({ kind: 'there', verdictBrought: false });
  }),
);
