import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SeveralClusters } from '../../../../core/inventory/latest.ts';
import { BackupNotFound, findBackup, readBackup } from '../../../../core/inventory/read-backup.ts';
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
  readonly verdict?: Verdict | 'none';
  readonly hasSummary?: boolean;
};

/** The newest first, a night each. */
async function nights(...all: readonly Night[]): Promise<void> {
  for (const [night, { cluster, ...content }] of all.entries()) {
    const documents = listedDocuments({ id: nightly(night), systemIdentifier: cluster, ...content });
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
  // What is to be verified next is the newest, which nobody knows anything of.
  expect(formatId(await findBackup(store, latest))).toBe(night(0));
  expect(formatId((await chooseBackup(store, latest, { any: true })).id)).toBe(night(0));
});

test('what is shown, where none is good, is the newest', async () => {
  await nights({ verdict: 'none' }, { verdict: 'failed' });
  expect(formatId((await readBackup(store, latest)).id)).toBe(night(0));
  await expect(chosen()).rejects.toThrow(/was verified and found good: 2, the newest of them never verified/);
});

describe('two clusters under one name', () => {
  test('one came after the other: the latest of the new one', async () => {
    await nights({ cluster: other }, { cluster: other }, { cluster: one }, { cluster: one });
    expect(await chosen()).toBe(night(0));
  });

  test('the new one has no good backup: the good one of the old is named, and not taken', async () => {
    await nights(
      { cluster: other, verdict: 'failed' },
      { cluster: other, verdict: 'none' },
      { cluster: one },
    );
    const error = await chooseBackup(store, latest).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(BackupNotFound);
    expect(String(error)).toContain(`the newest good one, ${night(2)}, is of another cluster`);
    expect(formatId((await chooseBackup(store, night(2))).id)).toBe(night(2));
  });

  test.each([
    ['each night another', [other, one, other, one]],
    ['the old one came back for a night', [one, other, one, one]],
    ['long ago, and the last change is fresh', [other, ...Array.from({ length: 30 }, () => one), other]],
    ['before one without an identifier', [other, one, undefined, other]],
  ])('in turns, %s: refused with both named', async (_, clusters) => {
    await nights(...clusters.map((cluster) => (cluster === undefined ? {} : { cluster })));
    for (const ask of [chosen, () => findBackup(store, latest), () => readBackup(store, latest)]) {
      const error = await ask().catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(SeveralClusters);
      expect(String(error)).toContain(one);
      expect(String(error)).toContain(other);
    }
    // By id there is nothing to ask.
    expect((await chooseBackup(store, night(1))).isGood).toBe(true);
  });

  test('in turns, and the first is not good: still refused, whoever was good', async () => {
    await nights({ cluster: one, verdict: 'failed' }, { cluster: other }, { cluster: one });
    await expect(chosen()).rejects.toThrow(SeveralClusters);
  });
});

test('backups from before, without an identifier, are of the oldest cluster of the name', async () => {
  await nights({ cluster: one, verdict: 'failed' }, { hasSummary: false }, { hasSummary: false });
  expect(await chosen()).toBe(night(1));
  await rm(directory, { recursive: true });
  await nights({ cluster: other, verdict: 'failed' }, { cluster: one, verdict: 'failed' }, {});
  await expect(chosen()).rejects.toThrow(`${night(2)}, is of another cluster`);
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
