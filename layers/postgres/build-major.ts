import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Package } from './apt.ts';
import { assemble } from './assemble.ts';
import type { Architecture, LayerKind } from './build-root.ts';
import { type ChosenPackages, choosePackages } from './choose-packages.ts';
import { splitExtensions } from './extensions.ts';
import { findSuite } from './find-suite.ts';
import { type LayerManifest, majorDirectory, recipe } from './layer-manifest.ts';
import { copyLicenses } from './licenses.ts';
import { allLocales } from './locales.ts';
import type { MachineSource } from './machine-sources.ts';
import { moveIntoPlace } from './move-into-place.ts';
import { inScratch } from './scratch.ts';
import { sealTree } from './seal.ts';
import { type UnpackedPackages, unpackPackages } from './unpack.ts';

export type MajorBuild = {
  readonly major: number;
  readonly arch: Architecture;
  readonly kind: LayerKind;
  readonly extensions: readonly string[];
  /** Beside the default ones. */
  readonly locales: readonly string[];
  /** Where scratch directories go, on the same file system as `layer`. */
  readonly into: string;
  readonly layer: string;
  readonly machine: readonly MachineSource[];
  /** Asked before anything is downloaded; without it, or where it says yes, the major is built. */
  readonly isWorthwhile?: ((offered: readonly Package[]) => boolean) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told before and while packages are downloaded: how many, and how many of their bytes are there. */
  readonly onDownload?: ((download: Download) => void) | undefined;
};

export type Download = { readonly packages: number; readonly bytes: number; readonly totalBytes: number };

/**
 * Builds one major in a scratch directory and moves it into place when it is complete.
 *
 * @returns its manifest; `undefined` if it was not worthwhile
 * @throws UnknownMajorError, LayerBuildError
 */
export async function buildMajor(build: MajorBuild): Promise<LayerManifest | undefined> {
  const { major, kind, layer, into, isWorthwhile, signal } = build;
  return inScratch(into, async (scratch) => {
    const { apt, suite } = await findSuite(major, { ...build, scratch });
    const { add, leaveOut } = splitExtensions(build.extensions);
    const chosen = await choosePackages(apt, major, kind, add);
    if (isWorthwhile !== undefined && !isWorthwhile(chosen.packages)) return undefined;

    const packages = chosen.packages.length;
    const totalBytes = apt.bytesOf(chosen.packages);
    const onBytes = (bytes: number): void =>
      build.onDownload?.({ packages, bytes: Math.min(bytes, totalBytes), totalBytes });
    onBytes(0);
    const files = await apt.download(chosen.packages, onBytes);
    const target = join(scratch, 'result');
    await mkdir(target);
    const unpacked = await unpackPackages(files, join(scratch, 'tree'), signal);
    const locales = kind === 'server' ? allLocales(build.locales) : [];
    const { taken, timeZones } = await assemble({ ...build, tree: unpacked.tree, target, locales, leaveOut });

    const licensed = await copyLicenses(unpacked, ownersOf(taken, unpacked), target);
    const contents = describe(build, chosen, suite, leaveOut);
    const bytes = await sealTree(target);
    const manifest: LayerManifest = { ...contents, locales, timeZones, bytes, packages: licensed };
    await writeFile(join(target, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    await sealTree(target);
    signal?.throwIfAborted();
    await moveIntoPlace(target, majorDirectory(layer, major), scratch);
    return manifest;
  });
}

/** What is redistributed must be known, file by file. */
function ownersOf(taken: ReadonlySet<string>, { ownerOf }: UnpackedPackages): Package[] {
  const owners = new Set<Package>();
  for (const path of taken) {
    const owner = ownerOf(path);
    if (owner === undefined) throw new Error(`No package was seen to contain ${path}`);
    owners.add(owner);
  }
  return [...owners];
}

function describe(
  { major, arch, kind }: MajorBuild,
  { main, extensions: added }: ChosenPackages,
  suite: string,
  leaveOut: readonly string[],
): Pick<LayerManifest, 'recipe' | 'major' | 'version' | 'arch' | 'kind' | 'suite' | 'extensions'> {
  const extensions = [...added, ...leaveOut.map((name) => `-${name}`)];
  return { recipe, major, version: main.version, arch, kind, suite, extensions };
}
