import { resolve } from 'node:path';
import prettyBytes from 'pretty-bytes';
import { messageOf, UsageError } from '../../core/errors.ts';
import type { Package } from './apt.ts';
import { writeBill } from './bill-of-materials.ts';
import { buildMajor, type MajorBuild } from './build-major.ts';
import {
  type Architecture,
  buildRoot,
  isUsablePath,
  type LayerKind,
  layerDirectory,
  machineArchitecture,
  programDirectory,
} from './build-root.ts';
import { LayerBuildError } from './errors.ts';
import { isCurrent, type LayerManifest, type LayerWish, readManifest } from './layer-manifest.ts';
import { type MachineSource, readMachineSources } from './machine-sources.ts';
import { isAnyNewer, isCheckDue, recordCheck } from './mirror-check.ts';

export { availableMajors } from './find-suite.ts';

export type BuildLayerOptions = {
  readonly majors: readonly number[];
  /** Default: this machine's. */
  readonly arch?: Architecture | undefined;
  /** Default: `client`. */
  readonly kind?: LayerKind | undefined;
  /**
   * Of the server kind: exactly these extensions of the distribution. Default: what was built will do, and none are
   * added.
   */
  readonly extensions?: readonly string[] | undefined;
  /**
   * Of the server kind: exactly these locales of the C library, beside `defaultLocales`. Default: what was built
   * will do.
   */
  readonly locales?: readonly string[] | undefined;
  /** Ask the mirror about newer versions of what was built. Default: `false`. */
  readonly update?: boolean | undefined;
  /**
   * The same, where the mirror was last asked longer ago than this; without network the layer stays as it is.
   * Default: never.
   */
  readonly maxAgeDays?: number | undefined;
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
  /** Sum of the sizes of its files. */
  readonly bytes: number;
  readonly extensions: readonly string[];
  /** Whether it was there already. */
  readonly reused: boolean;
};

export type BuiltLayer = {
  /** What lies at `/opt` in Lambda. */
  readonly directory: string;
  readonly majors: readonly BuiltMajor[];
};

type Step = Omit<BuildLayerOptions, 'majors'> & {
  readonly arch: Architecture;
  readonly kind: LayerKind;
  readonly into: string;
  readonly layer: string;
  readonly machine: () => Promise<readonly MachineSource[]>;
  /** A mirror that did not answer for one major is not asked about the next: each takes its time limit. */
  readonly mirror: { isSilent: boolean };
};

/**
 * Builds PostgreSQL's programs from the distribution's packages, as an ordinary user and without a change to the
 * system. A major that was built before, by the same recipe and with what is asked for, is reused without network. A
 * major appears under its name only when it is complete.
 *
 * @throws NotDebianError, UnknownMajorError, LayerBuildError (network, disk, packages), UsageError
 */
export async function buildLayer(options: BuildLayerOptions): Promise<BuiltLayer> {
  const { majors, kind = 'client', signal } = options;
  const into = resolve(options.into ?? buildRoot());
  const arch = options.arch ?? machineArchitecture();
  if (arch === undefined) throw unsupportedMachine();
  if (!isUsablePath(into)) throw unusablePath(into);
  const layer = layerDirectory(into, arch, kind);
  let sources: Promise<readonly MachineSource[]> | undefined;
  const machine = (): Promise<readonly MachineSource[]> => {
    sources ??= readMachineSources(signal);
    return sources;
  };
  const step: Step = { ...options, arch, kind, into, layer, machine, mirror: { isSilent: false } };

  const built: BuiltMajor[] = [];
  for (const major of new Set(majors)) {
    signal?.throwIfAborted();
    const one = await provideMajor(major, step);
    built.push(one);
    await writeBill(layer, major).catch((error: unknown) => {
      // A layer that was there already may lie where this user cannot write: it is as good without.
      if (!one.reused) throw error;
    });
  }
  return { directory: layer, majors: built };
}

async function provideMajor(major: number, step: Step): Promise<BuiltMajor> {
  const { layer, update = false, maxAgeDays, onProgress } = step;
  const existing = await readManifest(layer, major);
  if (existing === undefined || !isCurrent(existing, wishOf(step))) {
    return describe(step, await build(major, step, existing), false);
  }
  const isDue = maxAgeDays !== undefined && (await isCheckDue({ ...step, major }, maxAgeDays, new Date()));
  if (!update && (!isDue || step.mirror.isSilent)) return describe(step, existing, true);
  try {
    const newer = await rebuildIfNewer(major, step, existing);
    return describe(step, newer ?? existing, newer === undefined);
  } catch (error: unknown) {
    if (update || !(error instanceof LayerBuildError)) throw error;
    step.mirror.isSilent = true;
    onProgress?.(
      `${title(major, step)}: layer kept as it is, as the mirror could not be asked: ${messageOf(error)}`,
    );
    return describe(step, existing, true);
  }
}

async function build(
  major: number,
  step: Step,
  existing: Partial<LayerManifest> | undefined,
): Promise<LayerManifest> {
  const { onProgress } = step;
  onProgress?.(
    `${title(major, step)} is not on this machine: it is fetched from the package mirror, whose lists are read first, and kept in ${step.into}`,
  );
  const built = await buildMajor(await partsOf(major, step, existing));
  if (built === undefined) throw new Error(`PostgreSQL ${major} was not built, without a reason`);
  await recordCheck({ ...step, major }, new Date());
  onProgress?.(`${title(major, step)}: ${built.version}`);
  return built;
}

async function rebuildIfNewer(
  major: number,
  step: Step,
  existing: LayerManifest,
): Promise<LayerManifest | undefined> {
  const { onProgress } = step;
  const parts = await partsOf(major, step, existing);
  const isWorthwhile = (offered: readonly Package[]): boolean => isAnyNewer(existing.packages, offered);
  const built = await buildMajor({ ...parts, isWorthwhile });
  await recordCheck({ ...step, major }, new Date());
  const outcome = built === undefined ? 'up to date' : `updated to ${built.version}`;
  onProgress?.(`${title(major, step)}: ${outcome}`);
  return built;
}

/** What was there before is kept, as far as nothing else is asked for. */
async function partsOf(
  major: number,
  step: Step,
  existing: Partial<LayerManifest> | undefined,
): Promise<MajorBuild> {
  const { arch, kind, into, layer, signal, onProgress } = step;
  const wish = wishOf(step);
  return {
    major,
    arch,
    kind,
    into,
    layer,
    signal,
    extensions: wish.extensions ?? existing?.extensions ?? [],
    locales: wish.locales ?? existing?.locales ?? [],
    machine: await step.machine(),
    onDownload: ({ packages, bytes, totalBytes }) =>
      onProgress?.(
        `${title(major, step)}: ${
          bytes === 0
            ? `downloading ${packages === 1 ? '1 package' : `${packages} packages`}, ${inBytes(totalBytes)}`
            : `${inBytes(bytes)} of ${inBytes(totalBytes)} downloaded`
        }`,
      ),
  };
}

/** The client kind has neither. */
function wishOf({ kind, extensions, locales }: Step): LayerWish {
  return kind === 'server' ? { extensions, locales } : { extensions: undefined, locales: undefined };
}

function inBytes(bytes: number): string {
  return prettyBytes(bytes, { maximumFractionDigits: bytes < 10_000_000 ? 1 : 0 });
}

function title(major: number, { kind, arch }: Step): string {
  return `PostgreSQL ${major} (${kind}, ${arch})`;
}

function describe({ layer }: Step, manifest: LayerManifest, reused: boolean): BuiltMajor {
  const { major, version, bytes, extensions } = manifest;
  return { major, version, bytes, extensions, reused, programs: programDirectory(layer, major) };
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
