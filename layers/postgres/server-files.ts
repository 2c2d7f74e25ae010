import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { LayerBuildError } from './errors.ts';
import { neededScripts } from './extension-scripts.ts';
import { isOfExtension } from './extensions.ts';
import { copyLocales, localeDirectory } from './locales.ts';
import { redirectTimeZones } from './time-zones.ts';
import type { TreeCopy } from './tree-copy.ts';
import { dataSetting, libraryData, localeListScript, localeSettings, timeZoneSettings } from './wrapper.ts';

export type ServerFiles = {
  readonly tree: string;
  readonly target: string;
  readonly major: number;
  /** Of the C library. */
  readonly locales: readonly string[];
  /** Extensions whose files are left out. */
  readonly leaveOut: readonly string[];
};

const zoneDirectory = join('usr', 'share', 'zoneinfo');

/** Copies the server's modules, extensions, support files, locales and time zones. */
export async function copyServerFiles(copy: TreeCopy, files: ServerFiles): Promise<void> {
  const { tree, target, major, locales, leaveOut } = files;
  const home = join('usr', 'lib', 'postgresql', String(major));
  const share = join('usr', 'share', 'postgresql', String(major));
  const unmatched = new Set(leaveOut);
  const isWanted = (path: string): boolean => {
    const extension = leaveOut.find((one) => isOfExtension(path, one));
    if (extension !== undefined) unmatched.delete(extension);
    return extension === undefined;
  };
  // llvmjit loads LLVM, which is larger than all the rest; without it the server does without JIT.
  const isModule = (path: string): boolean => !/^(llvmjit|bitcode|pgxs)/.test(path);
  await copy.directory(join(home, 'lib'), (path) => isModule(path) && isWanted(path));
  const isScriptNeeded = await neededScripts(join(tree, share, 'extension'));
  const isShared = (path: string): boolean => !/^(man|contrib)$/.test(path) && isScriptNeeded(basename(path));
  await copy.directory(share, (path) => isShared(path) && isWanted(path));
  await nameControlFiles(copy, join(tree, share, 'extension'), join(share, 'extension'), isWanted);
  for (const name of unmatched) throw nothingToLeaveOut(name);

  if (await copy.hasDirectory(zoneDirectory)) {
    await copy.directory(zoneDirectory, (path) => !/^(right|posix)$/.test(path));
  }
  for (const { directory } of libraryData) {
    if (await copy.hasDirectory(directory)) await copy.directory(directory);
  }
  await copyLocales(copy, tree, locales);
  await writeScript(
    join(target, home, 'libexec', 'path', 'locale'),
    localeListScript(locales.map(localeDirectory)),
  );
}

/** PostGIS's packages have `postgis-3.control` only; their maintainer script links `postgis.control` to it. */
async function nameControlFiles(
  copy: TreeCopy,
  directory: string,
  path: string,
  isWanted: (path: string) => boolean,
): Promise<void> {
  const names = (await readdir(directory).catch(() => [])).sort();
  for (const name of names) {
    const plain = name.replace(/-\d+\.control$/, '.control');
    if (plain !== name && !names.includes(plain) && isWanted(name)) {
      await copy.file(join(path, name), join(path, plain));
    }
  }
}

/**
 * Has the server's programs read the time zones of the layer.
 *
 * @param programs their paths
 * @returns whose time zones they read
 */
export async function ownTimeZones(copy: TreeCopy, programs: readonly string[]): Promise<'layer' | 'system'> {
  if (!(await copy.hasDirectory(zoneDirectory))) return 'system';
  const done: boolean[] = [];
  for (const program of programs) done.push(await redirectTimeZones(program));
  return done.every(Boolean) ? 'layer' : 'system';
}

/** What the server's programs are started with: see {@link wrapperScript}. */
export async function serverSettings(
  copy: TreeCopy,
  major: number,
  timeZones: 'layer' | 'system',
): Promise<string[]> {
  const settings = localeSettings(major);
  for (const data of libraryData) {
    if (await copy.hasDirectory(data.directory)) settings.push(dataSetting(data));
  }
  return timeZones === 'layer' ? [...settings, ...timeZoneSettings] : settings;
}

export async function writeScript(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  await chmod(path, 0o755);
}

function nothingToLeaveOut(name: string): LayerBuildError {
  return new LayerBuildError({
    what: 'There is no such extension to leave out',
    got: `-${name}`,
    fix: 'Name an extension as CREATE EXTENSION does, such as -postgis_raster.',
  });
}
