import { access, constants, realpath } from 'node:fs/promises';
import { basename, delimiter, join } from 'node:path';
import { type Architecture, machineArchitecture } from '../../../layers/postgres/build-root.ts';
import { readElf } from '../../../layers/postgres/elf.ts';
import { triplets } from '../../../layers/postgres/library-closure.ts';
import { runCommand } from '../../../layers/postgres/run-command.ts';
import { exists, unavailable, unpackPackages } from './packages.ts';

/** A program of this machine, and the words that come before its own arguments. */
export type HostProgram = { readonly file: string; readonly args: readonly string[] };

type Progress = (line: string) => void;

/** bubblewrap of the machine, or fetched. */
export async function obtainBubblewrap(onProgress: Progress): Promise<HostProgram> {
  const installed = await findOnPath('bwrap');
  if (installed !== undefined) return { file: installed, args: [] };
  const arch = machineArchitecture();
  if (arch === undefined) throw unavailable('bubblewrap is for Linux only');
  const tree = await unpackPackages({
    name: 'bubblewrap',
    arch,
    onProgress,
    isNeeded: (name) => name === 'bubblewrap' || name.startsWith('lib'),
  });
  // Its libraries need not be on the machine: it runs with those that came along.
  const program = join(tree, 'usr', 'bin', 'bwrap');
  const loader = basename((await readElf(program))?.interpreter ?? '');
  const libraries = [join(tree, 'lib', triplets[arch]), join(tree, 'usr', 'lib', triplets[arch])];
  for (const directory of libraries) {
    const file = join(directory, loader);
    if (await exists(file)) return { file, args: ['--library-path', libraries.join(':'), program] };
  }
  throw unavailable(`bubblewrap does not run: ${loader} is in none of ${libraries.join(', ')}`);
}

/**
 * QEMU's emulator of another architecture's programs, of the machine or fetched; linked statically, for the sandbox
 * has no libraries for it.
 */
export async function obtainEmulator(of: Architecture, onProgress: Progress): Promise<string> {
  const names = { arm64: 'qemu-aarch64', x86_64: 'qemu-x86_64' };
  const candidates = [`${names[of]}-static`, names[of]];
  for (const name of candidates) {
    const installed = await findOnPath(name);
    if (installed !== undefined && (await isStatic(installed))) return installed;
  }
  const arch = machineArchitecture();
  if (arch === undefined) throw unavailable('QEMU’s user emulation is for Linux only');
  // From Debian 13 on it depends on qemu-user, which is static there.
  const tree = await unpackPackages({
    name: 'qemu-user-static',
    arch,
    onProgress,
    isNeeded: (name) => name === 'qemu-user' || name === 'qemu-user-static',
    // All of them are 370 MB.
    isKept: (path) => candidates.some((name) => path === join('usr', 'bin', name)),
  });
  for (const name of candidates) {
    const path = join(tree, 'usr', 'bin', name);
    if ((await exists(path)) && (await isStatic(path))) return await realpath(path);
  }
  throw unavailable(`The packages have no static ${names[of]}`);
}

/** The shared libraries that the machine's own loader takes for a program, that loader among them. */
export async function librariesOf(program: string): Promise<string[]> {
  const listing = await runCommand('ldd', [program]);
  return [...listing.matchAll(/(\/\S+) \(0x/g)].flatMap(([, path]) => path ?? []);
}

async function isStatic(path: string): Promise<boolean> {
  const elf = await readElf(path);
  return elf !== undefined && elf.interpreter === undefined;
}

async function findOnPath(name: string): Promise<string | undefined> {
  for (const directory of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(directory, name);
    if (directory !== '' && (await isExecutable(path))) return path;
  }
  return undefined;
}

function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
