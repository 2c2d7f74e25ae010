import type { Architecture } from './build-root.ts';
import { triplets } from './library-closure.ts';
import { timeZoneDescriptor } from './time-zones.ts';

/*
 * The shell scripts of a layer.
 */

export type WrapperOptions = {
  readonly program: string;
  readonly arch: Architecture;
  /** File name of the dynamic loader. */
  readonly loader: string;
  /** Lines that are run first; `$usr` is the absolute path of the major's `usr`. */
  readonly settings?: readonly string[] | undefined;
};

/**
 * A program is started through the C library's own dynamic loader, for it is mostly built for a newer C library
 * than the system's. `--argv0` matters: initdb, pg_ctl and pg_dumpall look for their siblings beside it.
 */
export function wrapperScript({ program, arch, loader, settings = [] }: WrapperOptions): string {
  return [
    '#!/bin/sh',
    `here="\${0%/*}"`,
    `libraries="$here/../../../${triplets[arch]}"`,
    ...(settings.length === 0 ? [] : [absolutePath, ...settings]),
    `exec "$libraries/${loader}" --library-path "$libraries" --argv0 "$0" "$here/../libexec/${program}" "$@"`,
    '',
  ].join('\n');
}

/** The server changes into its data directory. */
const absolutePath = 'case $here in /*) usr="$here/../../../..";; *) usr="$PWD/$here/../../../..";; esac';

/**
 * setlocale() then finds the layer's locales, and initdb, which asks `locale -a` for the collations that there are,
 * the same ones.
 */
export function localeSettings(major: number): string[] {
  const path = `$usr/lib/postgresql/${major}/libexec/path:\${PATH:-/usr/bin:/bin}`;
  return [`[ -n "$LOCPATH" ] || export LOCPATH="$usr/lib/locale" PATH="${path}"`];
}

/** See {@link redirectTimeZones}. */
export const timeZoneSettings: readonly string[] = [`exec ${timeZoneDescriptor}<"$usr/share/zoneinfo"`];

export type LibraryData = { readonly directory: string; readonly variable: string };

/** Data that libraries of extensions look for, by the variable that says where it is. */
export const libraryData: readonly LibraryData[] = [
  { directory: 'usr/share/proj', variable: 'PROJ_DATA' },
  { directory: 'usr/share/gdal', variable: 'GDAL_DATA' },
];

/** One of {@link libraryData}, unless the caller has set it. */
export function dataSetting({ directory, variable }: LibraryData): string {
  return `[ -n "$${variable}" ] || export ${variable}="$usr/${directory.replace(/^usr\//, '')}"`;
}

/** Stands for the system's `locale`, of which initdb uses `locale -a` only. */
export function localeListScript(directories: readonly string[]): string {
  return `#!/bin/sh\nprintf '%s\\n' C POSIX ${directories.map((name) => `'${name}'`).join(' ')}\n`;
}
