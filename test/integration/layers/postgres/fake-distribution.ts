import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { machineArchitecture } from '../../../../layers/postgres/build-root.ts';
import { readElf } from '../../../../layers/postgres/elf.ts';
import { triplets } from '../../../../layers/postgres/library-closure.ts';
import { writePrograms } from '../../../support/process/fake-programs.ts';

/** The command, started as `npm run layers` does. */
export const layersCommand: readonly string[] = [
  process.execPath,
  '--import',
  import.meta.resolve('tsx'),
  fileURLToPath(new URL('../../../../layers/postgres/build.ts', import.meta.url)),
];

export const arch = machineArchitecture() ?? 'x86_64';

export type Ended = { readonly code: number; readonly stdout: string; readonly stderr: string };

/** The command, for this machine's architecture, with nothing but `path` to find programs in. */
export function runLayers(path: string, ...words: string[]): Promise<Ended> {
  const [node = '', ...rest] = [...layersCommand, '--arch', arch, ...words];
  return new Promise((resolve) => {
    execFile(node, rest, { env: { ...process.env, PATH: path } }, (error, stdout, stderr) => {
      const code = typeof error?.code === 'number' ? error.code : error === null ? 0 : -1;
      resolve({ code, stdout, stderr });
    });
  });
}

/** The version that {@link fakeDistribution} has until {@link setVersion}. */
export const firstVersion = '17.9-1';

const sum = createHash('sha256').update('').digest('hex');

/** What apt-get says of the machine's sources. */
export const sourcesLine = String.raw`*indextargets*) printf 'http://mirror.example/debian/\tbookworm\tDebian\tmain\t/nowhere/debian.sources:1\n';;`;

/**
 * A distribution of one package: its programs are the machine's own `echo`, which shows what arrives in a program
 * that is started through the loader.
 *
 * @returns the only directory that is to be on PATH
 */
export async function fakeDistribution(
  root: string,
  changes: Readonly<Record<string, string>> = {},
): Promise<string> {
  const tree = join(root, 'package');
  const home = join(tree, 'usr/lib/postgresql/17/bin');
  const libraries = join(tree, 'usr/lib', triplets[arch]);
  const doc = join(tree, 'usr/share/doc/postgresql-client-17');
  for (const directory of [home, libraries, doc]) await mkdir(directory, { recursive: true });
  for (const name of ['pg_dump', 'pg_restore', 'pg_dumpall', 'psql'])
    await copyFile('/bin/echo', join(home, name));
  const elf = await readElf('/bin/echo');
  for (const name of [...(elf?.needed ?? []), basename(elf?.interpreter ?? '')]) {
    await copyFile(join('/lib', triplets[arch], name), join(libraries, name));
  }
  await writeFile(join(doc, 'copyright'), 'Anyone may copy this.\n');
  await setVersion(root, firstVersion);
  return writePrograms(join(root, 'bin'), {
    'apt-get': `read version < ${quoted(join(root, 'version'))}
    case "$*" in
      ${sourcesLine}
      *--print-uris*) echo "'http://mirror.example/a.deb' postgresql-client-17_\${version}_all.deb 1 SHA256:${sum}";;
      *download*) : > "postgresql-client-17_\${version}_all.deb";;
    esac`,
    'apt-cache': 'echo postgresql-client-17',
    'dpkg-deb': `/bin/cp -a ${quoted(tree)}/. "$3" && cd "$3" && /usr/bin/find .`,
    ...changes,
  });
}

/** Another version appears on the mirror. */
export async function setVersion(root: string, version: string): Promise<void> {
  await writeFile(join(root, 'version'), `${version}\n`);
}

export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** One hash over all names, contents, modes and times below a directory. */
export async function hashTree(directory: string): Promise<string> {
  const hash = createHash('sha256');
  const visit = async (path: string): Promise<void> => {
    const found = await stat(join(directory, path));
    hash.update(`${path}\0${found.mode}\0${found.mtimeMs}\0`);
    if (!found.isDirectory()) hash.update(await readFile(join(directory, path)));
    else for (const name of (await readdir(join(directory, path))).sort()) await visit(join(path, name));
  };
  await visit('.');
  return hash.digest('hex');
}
