import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * A list for pg_restore's `--use-list`: of an archive's entries it takes those, in this order. The file is gone
 * afterwards, whatever happens.
 *
 * @param options.dumpIds the wanted entries of the table of contents
 * @param options.directory where the file is made, under a name of its own: several lists may lie side by side
 * @param use gets the file's path
 */
export async function withUseList<T>(
  { dumpIds, directory }: { readonly dumpIds: Iterable<number>; readonly directory: string },
  use: (path: string) => Promise<T>,
): Promise<T> {
  const path = join(directory, `list-${randomBytes(6).toString('hex')}`);
  // pg_restore reads the number up to the semicolon; what follows it would be a comment.
  const lines = Array.from(dumpIds, (id) => `${id};\n`);
  try {
    await writeFile(path, lines.join(''), { flag: 'wx', mode: 0o600 });
    return await use(path);
  } finally {
    await rm(path, { force: true });
  }
}
