import { readdir } from 'node:fs/promises';
import { parseId } from '../../functions/shared/manifest/backup-id.ts';
import { findTools } from '../../functions/shared/postgres/find-tools.ts';
import { chooseTools } from '../../functions/shared/postgres/tools.ts';
import { fileStore } from '../../functions/shared/store/file-store.ts';
import { temporaryScratch } from '../../functions/verify/scratch.ts';
import { verifyBackup } from '../../functions/verify/verify.ts';

/**
 * Verifies at level `restore` in a process of its own, for disks that the test process cannot take on; prints the
 * verification and what is left in the scratch directory as JSON. Arguments: the store's directory, the id, the
 * scratch directory, and bytes to pretend that are free there.
 */
const [directory = '', id = '', scratch = '', freeBytes] = process.argv.slice(2);
const verification = await verifyBackup(
  { id: parseId(id), level: 'restore' },
  {
    store: fileStore({ directory }),
    tools: async (major) => chooseTools(await findTools(), major),
    clock: () => new Date(),
    scratch:
      freeBytes === undefined
        ? temporaryScratch(scratch)
        : { directory: scratch, freeBytes: async () => Number(freeBytes) },
  },
);
process.stdout.write(JSON.stringify({ verification, left: await readdir(scratch) }));
