import { mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { openApt } from '../../../layers/postgres/apt.ts';
import { type Architecture, buildRoot } from '../../../layers/postgres/build-root.ts';
import { LayerBuildError } from '../../../layers/postgres/errors.ts';
import { readMachineSources } from '../../../layers/postgres/machine-sources.ts';
import { ownSuite } from '../../../layers/postgres/package-sources.ts';
import { runCommand } from '../../../layers/postgres/run-command.ts';

export type WantedPackages = {
  /** Of the machine's own release. */
  readonly name: string;
  readonly arch: Architecture;
  /** Which of the packages that it depends on are needed to run it. */
  readonly isNeeded: (name: string) => boolean;
  /** Which of their files are kept, by their path in the tree. Default: all. */
  readonly isKept?: (path: string) => boolean;
  readonly onProgress: (line: string) => void;
};

/**
 * A package and what it needs, unpacked as an ordinary user and not installed; kept for the next run, beside the
 * layers. Returns the root of the tree.
 *
 * @throws NotDebianError, LayerBuildError (network, disk); an error where the release has no such package
 */
export async function unpackPackages({
  name,
  arch,
  isNeeded,
  isKept = () => true,
  onProgress,
}: WantedPackages): Promise<string> {
  const home = join(buildRoot(), '.tools');
  const target = join(home, arch, name);
  if (await exists(target)) return target;
  onProgress(`${name}: fetching from this machine's package mirror`);
  await mkdir(join(home, arch), { recursive: true });
  const scratch = await mkdtemp(join(home, '.fetching-'));
  try {
    const suite = ownSuite(await readMachineSources());
    if (suite === undefined) throw unavailable(`No package source of this machine is known: no ${name}`);
    const directory = join(scratch, 'apt');
    await mkdir(directory);
    const apt = await openApt({ suite, arch, directory });
    const packages = (await apt.resolve([name])).filter((one) => isNeeded(one.name));
    const tree = join(scratch, 'tree');
    await mkdir(tree);
    for (const { path } of await apt.download(packages)) await runCommand('dpkg-deb', ['-x', path, tree]);
    for (const entry of await readdir(tree, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (!entry.isDirectory() && !isKept(relative(tree, path))) await rm(path);
    }
    await rename(tree, target).catch(async (error: unknown) => {
      // Another run was faster.
      if (!(await exists(target))) throw error;
    });
    return target;
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** Why something cannot be tried on this machine. */
export function unavailable(what: string, fix = 'Install it with the package manager.'): LayerBuildError {
  return new LayerBuildError({ what, fix });
}

export function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
