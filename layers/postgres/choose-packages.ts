import type { Apt, Package } from './apt.ts';
import type { LayerKind } from './build-root.ts';
import { type ExtensionPackage, findExtension } from './extensions.ts';

export type ChosenPackages = {
  /** PostgreSQL's own. */
  readonly main: Package;
  /** All that are to be unpacked. */
  readonly packages: readonly Package[];
  /** Under the names that go into the manifest, sorted. */
  readonly extensions: readonly string[];
};

/**
 * The packages that a layer is made of.
 *
 * @throws LayerBuildError for an extension that the suite does not have
 */
export async function choosePackages(
  apt: Apt,
  major: number,
  kind: LayerKind,
  addedExtensions: readonly string[],
): Promise<ChosenPackages> {
  const name = kind === 'server' ? `postgresql-${major}` : `postgresql-client-${major}`;
  const offered = addedExtensions.length === 0 ? [] : await apt.names(`postgresql-${major}-`);
  const extensions = addedExtensions.map((one) => findExtension(one, major, offered));
  const names = [
    name,
    ...(kind === 'server' ? await serverPackages(apt) : []),
    ...extensions.map((one: ExtensionPackage) => one.package),
    // The texts of the usual licences.
    'base-files',
  ];
  const packages = (await apt.resolve(names)).filter((one) => mayBeNeeded(one.name));
  const main = packages.find((one) => one.name === name);
  if (main === undefined) throw new Error(`apt resolved ${names.join(' ')} without ${name}`);
  const canonical = new Set(extensions.map(({ extension }) => extension));
  return { main, packages: packages.sort(byName), extensions: [...canonical].sort() };
}

/**
 * Locales; time zones, of which newer releases keep the old names (US/Pacific) apart; and what sandboxes a server that
 * restores other people's dumps.
 */
async function serverPackages(apt: Apt): Promise<string[]> {
  const zones = (await apt.names('tzdata')).filter((name) => name === 'tzdata' || name === 'tzdata-legacy');
  return ['libc-bin', 'locales-all', 'bubblewrap', ...zones];
}

/**
 * Most of what the packages depend on is for maintainer scripts: Perl, systemd. Too little would be noticed: a
 * library that is not found fails the build, and so does a licence.
 */
export function mayBeNeeded(name: string): boolean {
  if (/^(lib.*-perl|libperl|libllvm|libz3|libsystemd-shared|libc-(l10n|gconv))/.test(name)) return false;
  if (
    /^(base-files|gcc-\d+-base|bubblewrap|locales-all|tzdata|tzdata-legacy|proj-data|gdal-data)$/.test(name)
  )
    return true;
  return /^(lib|zlib|postgresql-(client-)?\d)/.test(name);
}

function byName(a: Package, b: Package): number {
  return a.name < b.name ? -1 : 1;
}
