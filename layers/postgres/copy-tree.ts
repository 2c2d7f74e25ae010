import { chmod, copyFile, mkdir, readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';

/** Copies what a link points to, with plain permissions: an archive for Lambda knows neither links nor owners. */
export async function copyPlain(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
  await chmod(to, ((await stat(from)).mode & 0o100) === 0 ? 0o644 : 0o755);
}

/**
 * Copies a directory of an unpacked package. Links that lead out of `tree` (into /var, /etc) are left out.
 *
 * @param accept whether to take an entry, by its path relative to `from`
 */
export async function copyTree(
  tree: string,
  from: string,
  to: string,
  accept: (relative: string) => boolean = () => true,
): Promise<void> {
  const root = (await realpath(tree)) + sep;
  const visit = async (relative: string): Promise<void> => {
    for (const entry of await readdir(join(from, relative), { withFileTypes: true })) {
      const path = join(relative, entry.name);
      if (!accept(path)) continue;
      const target = await realpath(join(from, path)).catch(() => undefined);
      if (!target?.startsWith(root)) continue;
      if ((await stat(target)).isDirectory()) await visit(path);
      else await copyPlain(target, join(to, path));
    }
  };
  await visit('');
}
