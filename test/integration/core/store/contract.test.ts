import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileStore } from '../../../../core/store/file/file-store.ts';
import { s3Store } from '../../../../core/store/s3/s3-store.ts';
import { testClient } from '../../../support/aws/s3-client.ts';
import { withS3Server } from '../../../support/aws/s3-server.ts';
import { describeStore, type OpenedStore } from './contract.ts';

async function inDirectory(use: (opened: OpenedStore) => Promise<void>, hardLinks: boolean): Promise<void> {
  const parent = await mkdtemp(join(tmpdir(), 'pgproof-store-'));
  const directory = join(parent, 'made/by it');
  try {
    const store = fileStore({ directory, hardLinks });
    await use({
      store,
      other: fileStore({ directory, hardLinks }),
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
  use: (opened: OpenedStore) => Promise<void>,
  prefix: string,
  requestChecksumCalculation: 'WHEN_SUPPORTED' | 'WHEN_REQUIRED',
): Promise<void> {
  await withS3Server({ buckets: ['backups'] }, async (server) => {
    await server.put('backups', 'elsewhere/not-ours', 'x');
    const client = testClient(server.url, { requestChecksumCalculation });
    const open = (): OpenedStore['store'] => s3Store({ bucket: 'backups', prefix, client });
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

describeStore('file store', (use) => inDirectory(use, true));
describeStore('file store without hard links', (use) => inDirectory(use, false));
describeStore('S3 store', (use) => inBucket(use, 'a/prefix', 'WHEN_SUPPORTED'));
describeStore('S3 store without checksums and prefix', (use) => inBucket(use, '', 'WHEN_REQUIRED'));
