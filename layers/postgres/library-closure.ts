import { access, readdir } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import type { Architecture } from './build-root.ts';
import { readElf } from './elf.ts';

/** The directory name under `usr/lib` that Debian keeps an architecture's libraries in. */
export const triplets: Readonly<Record<Architecture, string>> = {
  x86_64: 'x86_64-linux-gnu',
  arm64: 'aarch64-linux-gnu',
};

export type LibraryClosure = {
  /** Path in the tree, by the name that programs ask for (soname). */
  readonly libraries: ReadonlyMap<string, string>;
  /** File name of the dynamic loader, which is one of the libraries; `undefined` if no program was among the roots. */
  readonly loader: string | undefined;
  /** Names that were asked for and are in none of the packages, each with a file that asks. */
  readonly missing: ReadonlyMap<string, string>;
};

/**
 * All shared libraries that the given files load, directly or through others, from an unpacked system tree.
 * `roots` are paths in the tree. Libraries that a program opens by name at run time (dlopen) are not seen; list them
 * among the roots.
 */
export async function libraryClosure(
  tree: string,
  arch: Architecture,
  roots: readonly string[],
): Promise<LibraryClosure> {
  const libraries = new Map<string, string>();
  const missing = new Map<string, string>();
  const pending = roots.map((root) => join(tree, root));
  let loader: string | undefined;
  for (let file = pending.pop(); file !== undefined; file = pending.pop()) {
    const elf = await readElf(file);
    if (elf === undefined) continue;
    const interpreter = elf.interpreter === undefined ? [] : [basename(elf.interpreter)];
    loader ??= interpreter[0];
    for (const name of [...elf.needed, ...interpreter]) {
      if (libraries.has(name) || missing.has(name)) continue;
      const path = await findLibrary(tree, arch, name);
      if (path === undefined) missing.set(name, relative(tree, file));
      else {
        libraries.set(name, path);
        pending.push(join(tree, path));
      }
    }
  }
  return { libraries, loader, missing };
}

/**
 * Older releases keep the C library under `/lib`, newer ones under `/usr/lib`. Where several packages offer the same
 * library (BLAS), each has a directory of its own, and a script of the system's would link one of them.
 */
async function findLibrary(tree: string, arch: Architecture, name: string): Promise<string | undefined> {
  const own = `usr/lib/${triplets[arch]}`;
  const directories = [own, `lib/${triplets[arch]}`, 'usr/lib', 'lib', 'usr/lib64', 'lib64'];
  const alternatives = await subdirectories(join(tree, own));
  for (const directory of [...directories, ...alternatives.map((one) => join(own, one))]) {
    const path = join(directory, name);
    if (await exists(join(tree, path))) return path;
  }
  return undefined;
}

async function subdirectories(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
