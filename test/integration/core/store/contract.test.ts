import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prunableFileStore } from '../../../../core/store/file/prunable-file-store.ts';
import type { PrunableStore } from '../../../../core/store/prunable.ts';
import { prunableS3Store } from '../../../../core/store/s3/prunable-s3-store.ts';
import { testClient } from '../../../support/aws/s3-client.ts';
import { withS3Server } from '../../../support/aws/s3-server.ts';
import { describeStore } from './contract.ts';
import { describePrunable } from './prunable-contract.ts';

type Opened = {
  readonly store: PrunableStore;
  readonly other: PrunableStore;
  leftovers(): Promise<string[]>;
};

async function inDirectory(use: (opened: Opened) => Promise<void>, hardLinks: boolean): Promise<void> {
  const parent = await mkdtemp(join(tmpdir(), 'pgproof-store-'));
  const directory = join(parent, 'made/by it');
  try {
    const store = prunableFileStore({ directory, hardLinks });
    await use({
      store,
      other: prunableFileStore({ directory, hardLinks }),
      async leftovers() {
        const found = (await readdir(parent, { recursive: true, withFileTypes: true }).catch(() => [])) ?? [];
        const names = found.map((entry) => join(entry.parentPath, entry.name).slice(parent.length + 1));
        const files = names.filter((_, index) => found[index]?.isFile());
        // An empty directory is one that nothing else lies below.
        return names.filter(
          (name) =>
            name.includes('.staging') ||
            !(files.includes(name) || files.some((file) => file.startsWith(`${name}/`))),
        );
      },
    });
  } finally {
    await rm(parent, { recursive: true, force: true });
  }
}

async function inBucket(
  use: (opened: Opened) => Promise<void>,
  prefix: string,
  requestChecksumCalculation: 'WHEN_SUPPORTED' | 'WHEN_REQUIRED',
): Promise<void> {
  await withS3Server({ buckets: ['backups'] }, async (server) => {
    await server.put('backups', 'elsewhere/not-ours', 'x');
    const client = testClient(server.url, { requestChecksumCalculation });
    const open = (): PrunableStore => prunableS3Store({ bucket: 'backups', prefix, client });
    try {
      if (prefix === '') server.remove('backups', 'elsewhere/not-ours');
      await use({
        store: open(),
        other: open(),
        leftovers: async () => server.uploads().map(({ key }) => key),
      });
    } finally {
      client.destroy();
    }
  });
}

for (const [name, open] of [
  ['file store', (use) => inDirectory(use, true)],
  ['file store without hard links', (use) => inDirectory(use, false)],
  ['S3 store', (use) => inBucket(use, 'a/prefix', 'WHEN_SUPPORTED')],
  ['S3 store without checksums and prefix', (use) => inBucket(use, '', 'WHEN_REQUIRED')],
] as [string, (use: (opened: Opened) => Promise<void>) => Promise<void>][]) {
  describeStore(name, open);
  describePrunable(name, open);
}
