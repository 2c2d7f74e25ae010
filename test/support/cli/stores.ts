import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type AwsServer, withAwsServer } from '../aws/server.ts';

/** A store, as the command is pointed at it. */
export type CliStore = {
  readonly url: string;
  readonly env: Readonly<Record<string, string>>;
  /** Everything that lies in it, by key, sorted; also what no listing of the product shows. */
  readonly keys: () => Promise<string[]>;
  /** Uploads that were begun and neither completed nor aborted. */
  readonly openUploads: () => number;
};

export const storeKinds = ['file', 's3'] as const;

/** An empty store of that kind for the callback. */
export function withStore<T>(
  kind: (typeof storeKinds)[number],
  use: (store: CliStore) => Promise<T>,
): Promise<T> {
  if (kind === 'file') return withFileStore(use);
  return withAwsServer({ buckets: ['bucket'] }, (aws) => use(s3Store(aws)));
}

export async function withFileStore<T>(
  use: (store: CliStore & { directory: string }) => Promise<T>,
): Promise<T> {
  const parent = await mkdtemp(join(tmpdir(), 'pgproof-store-'));
  const directory = join(parent, 'a store');
  const keys = async (): Promise<string[]> => {
    const found = await readdir(parent, { recursive: true, withFileTypes: true });
    const files = found.filter((entry) => !entry.isDirectory());
    return files.map((entry) => join(entry.parentPath, entry.name).slice(directory.length + 1)).sort();
  };
  try {
    return await use({ url: pathToFileURL(directory).href, directory, env: {}, keys, openUploads: () => 0 });
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}

export function s3Store({ environment, s3 }: AwsServer): CliStore {
  return {
    url: 's3://bucket/some/prefix',
    env: environment,
    keys: async () => s3.keys('bucket').map((key) => key.slice('some/prefix/'.length)),
    openUploads: () => s3.uploads().length,
  };
}
