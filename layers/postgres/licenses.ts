import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Package } from './apt.ts';
import { LayerBuildError } from './errors.ts';
import type { UnpackedPackages } from './unpack.ts';

const commonLicenses = join('usr', 'share', 'common-licenses');

/** A package of which something is in the layer. */
export type RedistributedPackage = Package & {
  /** The text of its copyright and licence, by its path beside the manifest. Several packages may share one. */
  readonly license: string;
};

/**
 * Copies each package's `/usr/share/doc/<package>/copyright`, and the licences that these refer to, into
 * `<target>/licenses`.
 *
 * @throws LayerBuildError for a package that does not say under which licence it is
 */
export async function copyLicenses(
  { tree }: UnpackedPackages,
  packages: readonly Package[],
  target: string,
): Promise<RedistributedPackage[]> {
  const directory = join(target, 'licenses');
  await mkdir(directory, { recursive: true });
  const written = new Map<string, string>();
  const named = new Set<string>();
  const redistributed: RedistributedPackage[] = [];
  for (const one of [...packages].sort(byName)) {
    const text = await readFile(join(tree, 'usr', 'share', 'doc', one.name, 'copyright'), 'utf8').catch(
      (error: unknown) => {
        throw unlicensed(one, error);
      },
    );
    const hash = createHash('sha256').update(text).digest('hex');
    const license = written.get(hash) ?? join('licenses', one.name);
    if (!written.has(hash)) await writeFile(join(target, license), text);
    written.set(hash, license);
    redistributed.push({ ...one, license });
    for (const name of referencedLicenses(text)) named.add(name);
  }
  await copyCommonLicenses(tree, [...named], join(directory, 'common'));
  return redistributed;
}

/** Names of the texts in `/usr/share/common-licenses` that a copyright file refers to instead of repeating them. */
export function referencedLicenses(text: string): string[] {
  const found = text.matchAll(/\/usr\/share\/common-licenses\/([A-Za-z0-9][A-Za-z0-9.-]*[A-Za-z0-9])/g);
  return [...new Set([...found].map(([, name = '']) => name))].sort();
}

async function copyCommonLicenses(tree: string, names: readonly string[], directory: string): Promise<void> {
  await mkdir(directory, { recursive: true });
  for (const name of names) {
    // Some files have a misprint in the name, or one of a licence that the release no longer carries.
    const text = await readFile(join(tree, commonLicenses, name)).catch(() => undefined);
    if (text !== undefined) await writeFile(join(directory, name), text);
  }
}

function byName(a: Package, b: Package): number {
  return a.name < b.name ? -1 : 1;
}

function unlicensed({ name, version }: Package, cause: unknown): LayerBuildError {
  return new LayerBuildError(
    {
      what: `The package ${name} ${version} does not say under which licence it is`,
      got: `no usr/share/doc/${name}/copyright`,
      fix: 'It cannot go into a layer: leave out the extension that needs it.',
    },
    { cause },
  );
}
