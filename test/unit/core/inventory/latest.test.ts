import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { BackupNotFound, findBackup, readBackup } from '../../../../core/inventory/read-backup.ts';
import { SeveralClusters } from '../../../../core/inventory/several-clusters.ts';
import { formatId, keyOf } from '../../../../core/manifest/backup-id.ts';
import { chooseBackup } from '../../../../core/restore/choose-backup.ts';
import { fileStore } from '../../../../core/store/file/file-store.ts';
import type { Store } from '../../../../core/store/store.ts';
import type { Verdict } from '../../../../core/vocabulary.ts';
import { listedDocuments, nightly } from '../../../support/backup/listed.ts';

let directory: string;
let store: Store;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pgproof-test-'));
  store = fileStore({ directory });
});
afterEach(() => rm(directory, { recursive: true, force: true }));

type Night = {
  readonly cluster?: string;
  readonly partial?: true;
  readonly verdict?: Verdict | 'none';
  readonly hasSummary?: boolean;
};

/** The newest first, a night each. */
async function nights(...all: readonly Night[]): Promise<void> {
  for (const [night, { cluster, ...content }] of all.entries()) {
    const documents = listedDocuments({
      id: nightly(night),
      systemIdentifier: cluster,
      ...(cluster === undefined ? {} : { host: `db-${cluster.at(-1)}.example.com` }),
      ...content,
    });
    for (const [key, bytes] of documents) await write(key, bytes);
  }
}

async function write(key: string, content: string | Buffer): Promise<void> {
  await mkdir(join(directory, dirname(key)), { recursive: true });
  await writeFile(join(directory, key), content);
}

const latest = 'orders-prod/app/latest';
const [one, other] = ['7300000000000000001', '7300000000000000002'];
const chosen = async (): Promise<string> => formatId((await chooseBackup(store, latest)).id);
const night = (count: number): string => formatId(nightly(count));

test('the newest good one, past those that failed or were never verified', async () => {
  await nights({ verdict: 'failed' }, { verdict: 'none' }, { verdict: 'unverifiable' }, {});
  expect(await chosen()).toBe(night(2));
  expect(formatId((await readBackup(store, latest)).id)).toBe(night(2));
  expect(formatId((await findBackup(store, latest)).id)).toBe(night(2));
  for (const read of [chooseBackup, readBackup, findBackup]) {
    const found = await read(store, latest);
    expect(found.passedOver.map(({ id, why }) => [id, why])).toEqual([
      [night(0), 'failed'],
      [night(1), 'never-verified'],
    ]);
    const any = await read(store, latest, { any: true });
    expect(formatId(any.id)).toBe(night(0));
    expect(any.passedOver).toEqual([]);
  }
});

test('what is shown, where none is good, is the newest', async () => {
  await nights({ verdict: 'none' }, { verdict: 'failed' });
  expect(formatId((await readBackup(store, latest)).id)).toBe(night(0));
  await expect(chosen()).rejects.toThrow(/was verified and found good: 2, the newest of them never verified/);
});

describe('two clusters under one name', () => {
  test('the new one has taken over for six nights: the old one is no question any more', async () => {
    await nights(...Array.from({ length: 6 }, () => ({ cluster: other })), { cluster: one });
    expect(await chosen()).toBe(night(0));
    expect((await chooseBackup(store, latest, { cluster: one })).id).toEqual(nightly(6));
  });

  test('the new one has no good backup for longer than that: the good one of the old is named, and not taken', async () => {
    const bad = { cluster: other, verdict: 'failed' } as const;
    await nights(...Array.from({ length: 7 }, () => bad), { cluster: one });
    const error = await chooseBackup(store, latest).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(BackupNotFound);
    expect(String(error)).toContain(`the newest good one, ${night(7)}, is of another cluster`);
    expect(formatId((await chooseBackup(store, night(7))).id)).toBe(night(7));
    expect((await readBackup(store, latest)).id).toEqual(nightly(0));
  });

  test.each([
    ['one came after the other', [other, other, one, one]],
    ['each night another', [other, one, other, one]],
    ['the old one came back for a night', [one, other, one, one]],
    ['the last change is fresh', [other, ...Array.from({ length: 30 }, () => one), other]],
    ['before one without an identifier', [other, one, undefined, other]],
    ['on the sixth night back', [one, one, one, one, one, other]],
  ])('%s: asked which, with where and when each was', async (_, clusters) => {
    await nights(...clusters.map((cluster) => (cluster === undefined ? {} : { cluster })));
    for (const ask of [chosen, () => findBackup(store, latest), () => readBackup(store, latest)]) {
      const error = await ask().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(SeveralClusters);
      for (const cluster of [one, other]) {
        const first = clusters.indexOf(cluster);
        expect(String(error)).toContain(
          `db-${cluster.at(-1)}.example.com:5432 (system identifier ${cluster}), its newest good backup is ${night(first)} of ${nightly(first).startedAt.toISOString()}`,
        );
        expect(String(error)).toContain(`--cluster ${cluster}`);
        expect((await chooseBackup(store, latest, { cluster })).id).toEqual(nightly(first));
        expect((await readBackup(store, latest, { cluster })).id).toEqual(nightly(first));
      }
    }
    // By id there is nothing to ask.
    expect((await chooseBackup(store, night(1))).isGood).toBe(true);
  });

  test('and the first is not good: still asked, whoever was good', async () => {
    await nights({ cluster: one, verdict: 'failed' }, { cluster: other }, { cluster: one });
    await expect(chosen()).rejects.toThrow(SeveralClusters);
    const { id, passedOver } = await chooseBackup(store, latest, { cluster: one });
    expect(formatId(id)).toBe(night(2));
    // Of the other cluster nobody asked.
    expect(passedOver).toEqual([{ id: night(0), why: 'failed', words: 'failed' }]);
  });

  test('a cluster that is not there, and an id of another', async () => {
    await nights({ cluster: one });
    const cluster = '1';
    await expect(chooseBackup(store, latest, { cluster })).rejects.toThrow(
      /of the cluster 1 .*: 1 backup, of 7300/,
    );
    await expect(chooseBackup(store, night(0), { cluster })).rejects.toThrow('is of another cluster');
  });

  test('what a killed run of another cluster left is no backup of it', async () => {
    await nights({ cluster: one }, { cluster: other }, { cluster: one });
    await rm(join(directory, keyOf(nightly(1), 'manifest.json')));
    expect(await chosen()).toBe(night(0));
  });
});

test('backups from before, without an identifier, are of the oldest cluster of the name', async () => {
  await nights({ cluster: one, verdict: 'failed' }, { hasSummary: false }, { hasSummary: false });
  expect(await chosen()).toBe(night(1));
  await rm(directory, { recursive: true });
  await nights({ cluster: other, verdict: 'failed' }, { cluster: one, verdict: 'failed' }, {});
  const newest = `no good backup was found of it, its newest is ${night(0)}`;
  await expect(chosen()).rejects.toThrow(
    `${newest} of 2026-11-01T02:00:00.000Z; a server that is not recorded (system identifier ${one}), its newest good backup is ${night(2)}`,
  );
});

test('without summaries the manifests say of which cluster they are', async () => {
  await nights({ cluster: one, hasSummary: false }, { cluster: other, hasSummary: false });
  await expect(chosen()).rejects.toThrow(SeveralClusters);
});

test('each is passed over by what is against it, with a word for programs', async () => {
  const future = { source: 'orders-prod', database: 'app', startedAt: new Date('2126-11-01T02:00:00Z') };
  await nights({ verdict: 'none' }, { partial: true }, {}, { verdict: 'failed' }, {}, {}, {}, {});
  for (const [key, bytes] of listedDocuments({ id: future })) await write(key, bytes);
  await write(keyOf(nightly(2), 'pruned.json'), '{}');
  await write(keyOf(nightly(4), 'manifest.json'), 'none');
  await write(keyOf(nightly(5), 'verification.json'), 'none');
  const moved = listedDocuments({ id: nightly(7) }).get(keyOf(nightly(7), 'verification.json'));
  await write(keyOf(nightly(6), 'verification.json'), moved ?? '');
  const { id, passedOver } = await chooseBackup(store, latest);
  expect(formatId(id)).toBe(night(7));
  expect(passedOver.map(({ why }) => why)).toEqual([
    'future',
    'never-verified',
    'partial',
    'being-pruned',
    'failed',
    'manifest-unreadable',
    'verdict-unreadable',
    'not-counted',
  ]);
  for (const { words } of passedOver) expect(words).toMatch(/^[^\n]{5,1000}$/);
  expect(formatId((await chooseBackup(store, latest, { any: true })).id)).toBe(night(0));
  const whole = { any: true, partial: true };
  await rm(join(directory, keyOf(nightly(0), 'manifest.json')));
  expect(formatId((await chooseBackup(store, latest, whole)).id)).toBe(night(1));
  // A clock that is some hours behind is none of the future.
  const now = new Date(nightly(0).startedAt.getTime() - 20 * 3_600_000);
  await nights({});
  expect(formatId((await chooseBackup(store, latest, { now })).id)).toBe(night(0));
});

test('a summary that says more than the manifest: it is passed over', async () => {
  await nights({}, {});
  const key = keyOf(nightly(0), 'manifest.json');
  const bytes = listedDocuments({ id: nightly(0) }).get(key) ?? Buffer.alloc(0);
  // As long as it was, so that the list trusts the summary; the verdict was about another content.
  await write(key, bytes.toString().replace('"jobs": 1', '"jobs": 2'));
  expect(await chosen()).toBe(night(1));
});

test('what a killed run left is no backup, and a folder of others neither', async () => {
  await nights({});
  await write('orders-prod/app/2026-12-01T02-00-00Z/summary.json', '{}');
  await write('orders-prod/app/2026-12-02T02-00-00Z/archive/1.dat', 'x');
  await write('orders-prod/app/zzz/manifest.json', '{}');
  expect(await chosen()).toBe(night(0));
  await expect(chooseBackup(store, 'orders-prod/other/latest')).rejects.toThrow(BackupNotFound);
});
