import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { LayerMajor } from '../support/sandbox/setup.ts';

/**
 * A copy of a layer of another architecture whose wrappers start the loader through QEMU: one word is put before
 * theirs, all others stay, for initdb's calls of postgres and pg_dumpall's of pg_dump too. So nothing depends on what
 * the kernel was told to do with foreign programs (binfmt_misc).
 *
 * @param emulator its path where the wrappers will run
 */
export async function copyForEmulator(layer: LayerMajor, emulator: string, to: string): Promise<LayerMajor> {
  await cp(layer.directory, to, { recursive: true, verbatimSymlinks: true });
  const programs = join(to, relative(layer.directory, layer.programs));
  for (const name of await readdir(programs)) {
    const path = join(programs, name);
    const text = await readFile(path, 'utf8');
    const changed = text.replace(/^exec "/gm, `exec "${emulator}" "`);
    if (changed.split(emulator).length !== 2)
      throw new Error(`${path} does not end in one line that starts a loader`);
    await writeFile(path, changed);
  }
  return { ...layer, directory: to, programs };
}
