import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Package } from './apt.ts';
import type { Architecture, LayerKind } from './build-root.ts';
import { compareVersions } from './compare-versions.ts';

const dayMilliseconds = 24 * 60 * 60_000;

/** Which built major the mirror was asked about. */
export type CheckedMajor = {
  readonly into: string;
  readonly arch: Architecture;
  readonly kind: LayerKind;
  readonly major: number;
};

/**
 * Whether one of the packages has a newer version, or is no longer part of what PostgreSQL needs: a library whose
 * name has changed.
 *
 * @param built what is in a layer
 * @param offered all that a new build would be made of
 */
export function isAnyNewer(
  built: readonly Pick<Package, 'name' | 'version'>[],
  offered: readonly Pick<Package, 'name' | 'version'>[],
): boolean {
  const versions = new Map(offered.map(({ name, version }) => [name, version]));
  return built.some(({ name, version }) => {
    const candidate = versions.get(name);
    // A mirror that lags behind offers older versions.
    return candidate === undefined || compareVersions(candidate, version) > 0;
  });
}

/** Keeps, outside the layer's content, when the mirror was last asked. */
export async function recordCheck(checked: CheckedMajor, now: Date): Promise<void> {
  const path = recordPath(checked);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${now.toISOString()}\n`);
}

/** Whether the mirror was last asked longer ago than this; yes where that is not known. */
export async function isCheckDue(checked: CheckedMajor, maxAgeDays: number, now: Date): Promise<boolean> {
  const text = await readFile(recordPath(checked), 'utf8').catch(() => '');
  const at = Date.parse(text.trim());
  // A clock that was once wrong must not keep updates away.
  const isPlausible = Number.isFinite(at) && at <= now.getTime();
  return !isPlausible || now.getTime() - at > maxAgeDays * dayMilliseconds;
}

function recordPath({ into, arch, kind, major }: CheckedMajor): string {
  return join(into, '.checked', `${arch}-${kind}-${major}`);
}
