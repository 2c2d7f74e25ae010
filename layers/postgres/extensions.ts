import { UsageError } from '../../core/errors.ts';
import { LayerBuildError } from './errors.ts';

/**
 * `pgvector` adds a package; `-postgis_raster` leaves out an extension of one that is added, with its libraries.
 *
 * @throws UsageError for what cannot be such a name
 */
export function parseExtension(word: string): string {
  if (/^-?[A-Za-z][A-Za-z0-9_+.-]*$/.test(word) && extensionKey(word) !== '') return word;
  throw new UsageError({
    what: '--extension',
    got: word,
    expected: 'names such as pgvector,postgis,-postgis_raster, or none',
    fix: 'Correct it.',
  });
}

/** What is the same for all spellings of a name: `pg_partman`, `pg-partman`, `partman`; `postgis`, `postgis-3`. */
export function extensionKey(name: string): string {
  return name.toLowerCase().replaceAll('_', '-').replace(/^pg-?/, '').replace(/-\d+$/, '');
}

/** Whether two lists name the same extensions. */
export function sameExtensions(some: readonly string[], others: readonly string[]): boolean {
  const keys = (names: readonly string[]): string => [...new Set(names.map(extensionKey))].sort().join(' ');
  return keys(some) === keys(others);
}

/** The packages to add, and the extensions to leave out, without their sign. */
export function splitExtensions(names: readonly string[]): { add: string[]; leaveOut: string[] } {
  const isLeftOut = (name: string): boolean => name.startsWith('-');
  return {
    add: names.filter((name) => !isLeftOut(name)),
    leaveOut: names
      .filter(isLeftOut)
      .map((name) => name.slice(1))
      .sort(),
  };
}

/** Whether a file is an extension's module, control file or script: `postgis_raster-3.so`, `extension/postgis_raster--3.5.2.sql`. */
export function isOfExtension(path: string, extension: string): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (!name.startsWith(extension)) return false;
  return /^(-\d+)?(\.so|\.control|--.*\.(sql|control))$/.test(name.slice(extension.length));
}

export type ExtensionPackage = {
  /** The name that goes into the manifest, the same for all spellings. */
  readonly extension: string;
  readonly package: string;
};

/**
 * The package of an extension: `postgresql-17-<name>`, else the highest `postgresql-17-<name>-<n>`.
 *
 * @param available the names of all packages that begin with `postgresql-<major>-`
 * @throws LayerBuildError that names what is near
 */
export function findExtension(name: string, major: number, available: readonly string[]): ExtensionPackage {
  const prefix = `postgresql-${major}-`;
  const offered = available
    .filter((one) => one.startsWith(prefix))
    .map((one) => one.slice(prefix.length))
    .filter((one) => !/-(doc|scripts|dbgsym)$/.test(one));
  const spelled = name.toLowerCase().replaceAll('_', '-');
  const sameKey = offered
    .filter((one) => extensionKey(one) === extensionKey(name))
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  const found = offered.includes(spelled) ? spelled : sameKey[0];
  if (found === undefined) throw unknownExtension(name, major, offered);
  return { extension: found.replace(/-\d+$/, ''), package: `${prefix}${found}` };
}

function unknownExtension(name: string, major: number, offered: readonly string[]): LayerBuildError {
  const key = extensionKey(name);
  const near = offered.filter((one) => {
    const other = extensionKey(one);
    return other.includes(key) || key.includes(other) || other.slice(0, 4) === key.slice(0, 4);
  });
  const choices = near.length > 0 ? near : offered;
  return new LayerBuildError({
    what: `The package source has no extension of this name for PostgreSQL ${major}`,
    got: name,
    expected: choices.length === 0 ? undefined : `such as ${[...choices].sort().slice(0, 12).join(', ')}`,
    fix: 'Choose one of its packages postgresql-VERSION-NAME; contrib modules are always in the server layer.',
  });
}
