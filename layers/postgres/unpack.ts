import { mkdir } from 'node:fs/promises';
import { normalize } from 'node:path';
import type { Package, PackageFile } from './apt.ts';
import { runCommand } from './run-command.ts';

export type UnpackedPackages = {
  /** The directory that all of them were unpacked into, as onto an empty system. */
  readonly tree: string;
  /** Which package a file came from, by its path relative to the tree, links resolved. */
  readonly ownerOf: (path: string) => Package | undefined;
};

/** Unpacks without running anything of the packages' own. */
export async function unpackPackages(
  files: readonly PackageFile[],
  tree: string,
  signal?: AbortSignal,
): Promise<UnpackedPackages> {
  const owners = new Map<string, Package>();
  await mkdir(tree, { recursive: true });
  for (const { path, package: owner } of files) {
    // tar's own list: one name a line, directories with a slash at the end.
    const names = await runCommand('dpkg-deb', ['--vextract', path, tree], { signal });
    for (const name of names.split('\n')) {
      if (name !== '' && !name.endsWith('/')) owners.set(normalize(name), owner);
    }
  }
  return { tree, ownerOf: (path) => owners.get(path) };
}
