import { expect, test } from 'vitest';
import { sweepLeftovers } from '../../../../core/prune/leftovers.ts';
import { prunableFileStore } from '../../../../core/store/file/prunable-file-store.ts';
import type { Unfinished } from '../../../../core/store/prunable.ts';

const now = new Date('2026-11-27T06:00:00Z');
const old = new Date('2026-11-20T06:00:00Z');
const { signal } = new AbortController();

const upload = (key: string): Unfinished => ({
  kind: 'upload',
  id: key,
  key,
  writtenAt: old,
  bytes: 1,
  owner: 'unknown',
});

/** What was taken of uploads that all are old enough. */
async function swept(
  keys: readonly string[],
  filter: { readonly source?: string; readonly database?: string } = {},
): Promise<string[]> {
  const taken: string[] = [];
  const store = {
    ...prunableFileStore({ directory: '/nowhere' }),
    listUnfinished: async () => ({ found: keys.map(upload), incomplete: undefined }),
    removeUnfinished: async ({ id }: Unfinished) => {
      taken.push(id);
    },
  };
  const { leftovers } = await sweepLeftovers(
    { store, policy: undefined, apply: true, sweep: true, clock: () => now, signal, ...filter },
    now,
  );
  expect(leftovers.map(({ name }) => name)).toEqual(taken);
  return taken;
}

const ours = [
  'prod/app/2026-11-19T02-00-00Z/archive.dump',
  'prod/App/2026-11-19T02-00-00Z/archive/3001.dat',
  'prod-2/app/2026-11-19T02-00-00Z/archive.dump',
];

test('uploads of other people to the same bucket are not touched', async () => {
  const others = [
    'video.mp4',
    'prod/app/video.mp4',
    'prod/app/2026-11-19/archive.dump',
    'prod/app/2026-11-19T02-00-00Z/video.mp4',
    'prod/app/2026-11-19T02-00-00Z',
    'backups/prod/app/2026-11-19T02-00-00Z/archive.dump',
  ];
  expect(await swept([...others, ...ours])).toEqual(ours);
});

test('of one source or database only its own are taken', async () => {
  const [app = '', upper = '', second = ''] = ours;
  expect(await swept(ours, { database: 'app' })).toEqual([app, second]);
  expect(await swept(ours, { source: 'prod' })).toEqual([app, upper]);
  expect(await swept(ours, { source: 'prod', database: 'App' })).toEqual([upper]);
});
