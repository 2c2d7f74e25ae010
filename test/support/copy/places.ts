import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { copyBackup } from '../../../core/copy/copy-backup.ts';
import { type CopyMissingRequest, copyMissing } from '../../../core/copy/copy-missing.ts';
import type { CopyOutcome, CopyReport, CopyRequest } from '../../../core/copy/request.ts';
import { parseId } from '../../../core/manifest/backup-id.ts';
import { openPrunable } from '../../../core/store/open-prunable.ts';
import type { PrunableStore } from '../../../core/store/prunable.ts';
import type { Store } from '../../../core/store/store.ts';
import { type S3Server, withS3Server } from '../aws/s3-server.ts';
import { collect } from '../store/byte-source.ts';

/** One of two places: a store, and what lies in it, past the product's own listing. */
export type Place = {
  readonly store: PrunableStore;
  /** Sorted, relative to the store. */
  readonly keys: () => Promise<string[]>;
  /** Of an S3. */
  readonly server?: S3Server;
  /** Of a directory. */
  readonly directory?: string;
  /** Takes it away wholly. */
  readonly lose: () => Promise<void>;
};

export type PlaceKind = 'directory' | 's3';

/** Two empty places; two S3 servers have keys of their own, and refuse each other's. */
export async function withTwoPlaces<T>(
  [one, other]: readonly [PlaceKind, PlaceKind],
  use: (from: Place, to: Place) => Promise<T>,
): Promise<T> {
  return await withOne(one, 'key-of-the-first', (from) =>
    withOne(other, 'key-of-the-second', (to) => use(from, to)),
  );
}

async function withOne<T>(kind: PlaceKind, key: string, use: (place: Place) => Promise<T>): Promise<T> {
  if (kind === 's3')
    return await withS3Server({ buckets: ['bucket'], accessKeyId: key }, (server) =>
      use(s3Place(server, key)),
    );
  const directory = await mkdtemp(join(tmpdir(), 'pgproof-copy-'));
  const keys = async (): Promise<string[]> => {
    const found = await readdir(directory, { recursive: true, withFileTypes: true });
    const files = found.filter((entry) => entry.isFile());
    return files.map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1)).sort();
  };
  const lose = (): Promise<void> => rm(directory, { recursive: true, force: true });
  try {
    return await use({ store: openPrunable(`file://${directory}`), directory, keys, lose });
  } finally {
    await lose();
  }
}

function s3Place(server: S3Server, accessKeyId: string): Place {
  return {
    store: openPrunable('s3://bucket/some/prefix', {
      endpoint: server.url,
      region: 'us-east-1',
      maxAttempts: 2,
      credentials: { accessKeyId, secretAccessKey: 'test' },
    }),
    keys: async () => server.keys('bucket').map((key) => key.slice('some/prefix/'.length)),
    server,
    lose: () => server.kill(),
  };
}

export function copyOne(
  from: Store,
  to: Store,
  id: string,
  changes: Partial<CopyRequest> = {},
): Promise<CopyOutcome> {
  const { signal } = new AbortController();
  return copyBackup({ id: parseId(id), from, to, clock: () => new Date(), signal, ...changes });
}

export function copyAll(
  from: Store,
  to: Store,
  changes: Partial<CopyMissingRequest> = {},
): Promise<CopyReport> {
  const { signal } = new AbortController();
  return copyMissing({ from, to, clock: () => new Date(), signal, ...changes });
}

/** Every object of a store, byte for byte. */
export async function contentsOf({
  store,
  keys,
}: Pick<Place, 'store' | 'keys'>): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (const key of await keys()) found.set(key, (await collect(await store.read(key))).toString('base64'));
  return found;
}
