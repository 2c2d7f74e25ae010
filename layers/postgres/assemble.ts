import { chmod, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Architecture, LayerKind } from './build-root.ts';
import { copyPlain, copyTree } from './copy-tree.ts';
import { LayerBuildError } from './errors.ts';
import { libraryClosure, triplets } from './library-closure.ts';
import { wrapperScript } from './wrapper.ts';

const clientPrograms = ['pg_dump', 'pg_restore', 'pg_dumpall', 'psql'];
const serverPrograms = ['postgres', 'initdb', 'pg_ctl'];

export const programsOf: Readonly<Record<LayerKind, readonly string[]>> = {
  client: clientPrograms,
  server: [...clientPrograms, ...serverPrograms],
};

export type Assembly = {
  /** Where the packages were unpacked. */
  readonly tree: string;
  /** The major's own directory to fill: its `usr` lies below. */
  readonly target: string;
  readonly major: number;
  readonly arch: Architecture;
  readonly kind: LayerKind;
};

/** Picks from the unpacked packages what the programs need to run, and nothing else. */
export async function assemble(assembly: Assembly): Promise<void> {
  const { tree, target, major, arch, kind } = assembly;
  const home = join('usr', 'lib', 'postgresql', String(major));
  const modules = kind === 'server' ? await copyServerFiles(assembly, home) : [];

  const programs = programsOf[kind].map((name) => join(tree, home, 'bin', name));
  const { libraries, loader, missing } = await libraryClosure(tree, arch, [...programs, ...modules]);
  const [absent] = missing;
  if (absent !== undefined || loader === undefined) throw brokenPackages(major, absent);

  for (const [name, path] of libraries)
    await copyPlain(path, join(target, 'usr', 'lib', triplets[arch], name));
  await mkdir(join(target, home, 'bin'), { recursive: true });
  for (const program of programsOf[kind]) {
    await copyPlain(join(tree, home, 'bin', program), join(target, home, 'libexec', program));
    const wrapper = join(target, home, 'bin', program);
    await writeFile(wrapper, wrapperScript({ program, arch, loader }));
    await chmod(wrapper, 0o755);
  }
}

/** The server's modules, extensions, catalogs and time zones; returns the modules, whose libraries are needed too. */
async function copyServerFiles({ tree, target, major }: Assembly, home: string): Promise<string[]> {
  const modules = join(home, 'lib');
  const share = join('usr', 'share', 'postgresql', String(major));
  // llvmjit loads LLVM, which is larger than all the rest; without it the server does without JIT.
  await copyTree(
    tree,
    join(tree, modules),
    join(target, modules),
    (path) => !/^(llvmjit|bitcode|pgxs)/.test(path),
  );
  await copyTree(tree, join(tree, share), join(target, share), (path) => path !== 'man');
  const zones = join('usr', 'share', 'zoneinfo');
  if (await isDirectory(join(tree, zones))) {
    await copyTree(tree, join(tree, zones), join(target, zones), (path) => !/^(right|posix)$/.test(path));
  }
  const names = await readdir(join(target, modules));
  return names.filter((name) => name.endsWith('.so')).map((name) => join(target, modules, name));
}

function isDirectory(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

function brokenPackages(major: number, absent: readonly [string, string] | undefined): LayerBuildError {
  return new LayerBuildError({
    what: `The packages of PostgreSQL ${major} are not complete`,
    got: absent === undefined ? 'no dynamic loader' : `${absent[0]} is missing, which ${absent[1]} needs`,
    fix: 'The package source may be in the middle of an update: run it again in an hour.',
  });
}
