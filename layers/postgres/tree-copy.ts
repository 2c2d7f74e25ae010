import { chmod, copyFile, mkdir, readdir, realpath, stat } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';

/** Copies from the unpacked packages into a layer, and remembers what was taken. All paths are relative. */
export type TreeCopy = {
  /** Takes one file; for a link, what it points to. */
  readonly file: (from: string, to?: string) => Promise<void>;
  /**
   * Takes a directory. Links that lead out of the tree (into /var, /etc) are left out.
   *
   * @param accept whether to take an entry, by its path relative to `from`
   */
  readonly directory: (from: string, accept?: (relative: string) => boolean) => Promise<void>;
  /** Whether the packages have such a directory. */
  readonly hasDirectory: (path: string) => Promise<boolean>;
  /** The real paths, in the tree, of all files that were taken. */
  readonly taken: ReadonlySet<string>;
};

/**
 * A layer's archive knows neither links nor owners: what comes out are plain files with plain permissions.
 *
 * @param tree where the packages were unpacked
 * @param target the directory to fill
 */
export async function openTreeCopy(tree: string, target: string, signal?: AbortSignal): Promise<TreeCopy> {
  const root = await realpath(tree);
  const taken = new Set<string>();

  const file: TreeCopy['file'] = async (from, to = from) => {
    signal?.throwIfAborted();
    const real = await realpath(join(root, from));
    await copyPlain(real, join(target, to));
    taken.add(relative(root, real));
  };
  const directory: TreeCopy['directory'] = async (from, accept = () => true) => {
    const visit = async (below: string): Promise<void> => {
      for (const name of (await readdir(join(root, from, below))).sort()) {
        const path = join(below, name);
        if (!accept(path)) continue;
        const real = await realpath(join(root, from, path)).catch(() => undefined);
        if (!real?.startsWith(root + sep)) continue;
        if ((await stat(real)).isDirectory()) await visit(path);
        else await file(join(from, path));
      }
    };
    await visit('');
  };
  const hasDirectory = (path: string): Promise<boolean> =>
    stat(join(root, path)).then(
      (found) => found.isDirectory(),
      () => false,
    );
  return { file, directory, hasDirectory, taken };
}

async function copyPlain(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(from, to);
  await chmod(to, ((await stat(from)).mode & 0o100) === 0 ? 0o644 : 0o755);
}
