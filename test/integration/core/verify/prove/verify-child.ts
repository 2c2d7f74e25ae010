import { readdir } from 'node:fs/promises';
import { parseId } from '../../../../../core/manifest/backup-id.ts';
import { chooseTools } from '../../../../../core/postgres/programs/tools.ts';
import { temporaryScratch } from '../../../../../core/scratch/scratch.ts';
import { fileStore } from '../../../../../core/store/file/file-store.ts';
import { verifyBackup } from '../../../../../core/verify/verify.ts';
import { findTools, verificationTools } from '../../../../support/postgres/programs.ts';

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
    verificationTools,
    clock: () => new Date(),
    scratch:
      freeBytes === undefined
        ? temporaryScratch(scratch)
        : { directory: scratch, freeBytes: async () => Number(freeBytes) },
  },
);
process.stdout.write(JSON.stringify({ verification, left: await readdir(scratch) }));
