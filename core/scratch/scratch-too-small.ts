import { statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { PgproofError } from '../errors.ts';
import { formatBytes } from '../text/units.ts';

/** The room for a directory-format dump is too small. */
export class ScratchTooSmall extends PgproofError {
  override readonly name = 'ScratchTooSmall';
}

export async function checkScratch(scratch: string, expectedBytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(scratch);
  if (bavail * bsize >= expectedBytes) return;
  throw new ScratchTooSmall({
    what: 'A dump in the directory format does not fit into the temporary directory',
    got: `${formatBytes(bavail * bsize)} free in ${tmpdir()}`,
    expected: `about ${formatBytes(expectedBytes)}`,
    fix: 'Point TMPDIR at a larger disk (in AWS: raise temporaryStorageMiB), or use the custom format, which needs none.',
  });
}
