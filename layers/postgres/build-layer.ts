import { access, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, PgproofError, UsageError } from '../../functions/shared/errors.ts';
import { type Apt, openApt, type Package } from './apt.ts';
import { assemble } from './assemble.ts';
import {
  type Architecture,
  buildRoot,
  isUsablePath,
  type LayerKind,
  layerDirectory,
  machineArchitecture,
  programDirectory,
} from './build-root.ts';
import { LayerBuildError, UnknownMajorError } from './errors.ts';
import { type MachineSource, readMachineSources } from './machine-sources.ts';
import { debianMajors, ownSuite, suitesFor } from './package-sources.ts';
import { runCommand } from './run-command.ts';

export type BuildLayerOptions = {
  readonly majors: readonly number[];
  /** Default: this machine's. */
  readonly arch?: Architecture | undefined;
  /** Default: `client`. */
  readonly kind?: LayerKind | undefined;
  /** The root that holds `<arch>/<kind>/…`. Default: {@link buildRoot}. */
  readonly into?: string | undefined;
  /** Hears one line of text per step. */
  readonly onProgress?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
};

export type BuiltMajor = {
  readonly major: number;
  /** Directory of the programs. */
  readonly programs: string;
  /** Of PostgreSQL's package: `17.12-0+deb13u1`. */
  readonly version: string;
  /** Whether it was there already. */
  readonly reused: boolean;
};

export type BuiltLayer = {
  /** What lies at `/opt` in Lambda. */
  readonly directory: string;
  readonly majors: readonly BuiltMajor[];
};

/** `manifest.json` beside a major's `usr`. */
export type LayerManifest = {
  readonly major: number;
  readonly version: string;
  readonly arch: Architecture;
  readonly kind: LayerKind;
  readonly suite: string;
  readonly packages: readonly Package[];
};

type Step = Pick<BuildLayerOptions, 'onProgress' | 'signal'> & {
  readonly arch: Architecture;
  readonly kind: LayerKind;
  readonly into: string;
  readonly layer: string;
};

/**
 * Builds PostgreSQL's programs from the distribution's packages, as an ordinary user and without a change to the
 * system. A major that was built before is reused without network. A major appears under its name only when it is
 * complete; of two builds at once one wins and both use its result.
 *
 * @throws NotDebianError, UnknownMajorError, LayerBuildError (network, disk, packages), UsageError
 */
export async function buildLayer(options: BuildLayerOptions): Promise<BuiltLayer> {
  const { majors, kind = 'client', into = buildRoot(), onProgress, signal } = options;
  const arch = options.arch ?? machineArchitecture();
  if (arch === undefined) throw unsupportedMachine();
  if (!isUsablePath(into)) throw unusablePath(into);
  const layer = layerDirectory(into, arch, kind);
  const step: Step = { arch, kind, into, onProgress, signal, layer };

  const built: BuiltMajor[] = [];
  let sources: Promise<MachineSource[]> | undefined;
  for (const major of majors) {
    signal?.throwIfAborted();
    const finished = await readFinished(layer, major);
    if (finished !== undefined) {
      built.push({ ...finished, reused: true });
      continue;
    }
    sources ??= readMachineSources(signal);
    built.push(await buildMajor(major, await sources, step));
  }
  return { directory: layer, majors: built };
}

/**
 * The majors that the machine's package sources offer. Asks the network only where these are not Debian's.
 *
 * @throws NotDebianError where there is no apt-get
 */
export async function availableMajors(signal?: AbortSignal): Promise<readonly number[]> {
  const machine = await readMachineSources(signal);
  const known = debianMajors.filter((major) => suitesFor(major, machine).some(({ name }) => name !== 'own'));
  if (known.length > 0 && !machine.some(({ distributor }) => distributor === 'PGDG')) return known;
  const arch = machineArchitecture();
  const own = ownSuite(machine);
  if (arch === undefined || own === undefined) return known;
  return inScratch(buildRoot(), async (scratch) => {
    const apt = await openApt({ suite: own, arch, directory: scratch, signal });
    const offered = (await apt.names('postgresql-client-')).flatMap(
      (name) => /-(\d+)$/.exec(name)?.[1] ?? [],
    );
    return [...new Set([...known, ...offered.map(Number)])].sort((a, b) => a - b);
  });
}

async function buildMajor(major: number, machine: readonly MachineSource[], step: Step): Promise<BuiltMajor> {
  const { arch, kind, into, onProgress, signal, layer } = step;
  onProgress?.(`PostgreSQL ${major} (${kind}, ${arch}): fetching from this machine's package mirror`);
  return inScratch(into, async (scratch) => {
    const { apt, suite } = await findSuite(major, machine, scratch, step);
    const wanted = kind === 'server' ? `postgresql-${major}` : `postgresql-client-${major}`;
    const packages = (await apt.resolve([wanted])).filter(({ name }) => mayBeNeeded(name));
    const tree = join(scratch, 'tree');
    await mkdir(tree);
    for (const file of await apt.download(packages))
      await runCommand('dpkg-deb', ['-x', file, tree], { signal });

    const target = join(scratch, 'result');
    await assemble({ tree, target, major, arch, kind });
    const version = packages.find(({ name }) => name === wanted)?.version ?? '';
    const manifest: LayerManifest = { major, version, arch, kind, suite, packages };
    await writeFile(join(target, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    signal?.throwIfAborted();
    await moveIntoPlace(target, join(layer, 'postgresql', String(major)));
    onProgress?.(`PostgreSQL ${major} (${kind}, ${arch}): ${version}`);
    return { major, version, programs: programDirectory(layer, major), reused: false };
  });
}

async function findSuite(
  major: number,
  machine: readonly MachineSource[],
  scratch: string,
  { arch, signal }: Step,
): Promise<{ apt: Apt; suite: string }> {
  const available = new Set(
    debianMajors.filter((one) => suitesFor(one, machine).some(({ name }) => name !== 'own')),
  );
  for (const suite of suitesFor(major, machine)) {
    const directory = join(scratch, suite.name);
    await mkdir(directory);
    const apt = await openApt({ suite, arch, directory, signal });
    const names = await apt.names('postgresql-client-');
    if (names.includes(`postgresql-client-${major}`)) return { apt, suite: suite.name };
    for (const name of names) {
      const [, offered] = /^postgresql-client-(\d+)$/.exec(name) ?? [];
      if (offered !== undefined) available.add(Number(offered));
    }
  }
  throw new UnknownMajorError(
    major,
    [...available].sort((a, b) => a - b),
  );
}

/**
 * Most of what the packages depend on is for maintainer scripts: Perl, systemd, locales. Too little would be
 * noticed: a library that is not found fails the build.
 */
function mayBeNeeded(name: string): boolean {
  if (/^(lib.*-perl|libperl|libllvm|libz3|libsystemd-shared|libc-(bin|l10n|gconv))/.test(name)) return false;
  return /^(lib|zlib|tzdata$|postgresql-(client-)?\d+$)/.test(name);
}

async function readFinished(layer: string, major: number): Promise<Omit<BuiltMajor, 'reused'> | undefined> {
  const directory = join(layer, 'postgresql', String(major));
  const text = await readFile(join(directory, 'manifest.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const { version } = JSON.parse(text) as LayerManifest;
  return { major, version, programs: programDirectory(layer, major) };
}

/** A directory on the same file system as the result, gone whatever happens. */
async function inScratch<T>(root: string, work: (scratch: string) => Promise<T>): Promise<T> {
  let scratch: string | undefined;
  try {
    await mkdir(root, { recursive: true });
    scratch = await mkdtemp(join(root, '.building-'));
    return await work(scratch);
  } catch (error: unknown) {
    throw plainError(error, root);
  } finally {
    if (scratch !== undefined) await rm(scratch, { recursive: true, force: true, maxRetries: 3 });
  }
}

async function moveIntoPlace(from: string, to: string): Promise<void> {
  await mkdir(join(to, '..'), { recursive: true });
  try {
    await rename(from, to);
  } catch (error: unknown) {
    // Someone else was faster, and theirs is complete, or it would not be there.
    if (await isThere(join(to, 'manifest.json'))) return;
    throw error;
  }
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

function plainError(error: unknown, root: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (error instanceof PgproofError || typeof code !== 'string') return error;
  const what = `The layer could not be built in ${root}`;
  const fix =
    code === 'ENOSPC'
      ? 'Make room on the disk (about 400 MB per major version), then run it again.'
      : 'Name a directory that you may write to with --into.';
  return new LayerBuildError({ what, got: messageOf(error), fix }, { cause: error });
}

function unsupportedMachine(): LayerBuildError {
  return new LayerBuildError({
    what: 'PostgreSQL programs can be fetched for Linux only',
    got: `${process.platform} on ${process.arch}`,
    expected: 'x86_64 or arm64',
    fix: 'Install the PostgreSQL client programs with the package manager, or set PGPROOF_PG_BIN to their directory.',
  });
}

function unusablePath(path: string): UsageError {
  return new UsageError({
    what: 'PostgreSQL programs do not work in a directory of this name',
    got: path,
    expected: 'a path without any of : ; $ " ` \\',
    fix: 'Name another directory with --into.',
  });
}
