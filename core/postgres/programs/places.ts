import { readdir } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { variables } from '../../vocabulary.ts';
import type { ToolPlace } from './tools.ts';

export type ToolPlaceOptions = {
  /** Default: `process.env`. Read are PGPROOF_PG_BIN, PATH, XDG_CACHE_HOME and HOME. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** Where Lambda mounts layers. Default: `/opt`. */
  readonly layer?: string | undefined;
  /** Layers that were built on this machine: each what would be `/opt` in Lambda. Default: none. */
  readonly builtLayers?: readonly string[] | undefined;
  /** The root of the file system, for the directories of Debian and Homebrew. Default: `/`. */
  readonly systemRoot?: string | undefined;
};

export type Candidate = { readonly place: ToolPlace; readonly directory: string };

/** Every directory that may hold PostgreSQL's programs, in the order of places, newest major first within one. */
export async function toolPlaces(options: ToolPlaceOptions = {}): Promise<Candidate[]> {
  const { env = process.env, layer = '/opt', builtLayers = [], systemRoot = '/' } = options;
  const configured = splitPath(env[variables.programs]);
  const onPath = splitPath(env.PATH);
  return [
    ...at('layer', await layerDirectories(layer)),
    ...at('built', await builtDirectories(builtLayers)),
    ...at(variables.programs, configured),
    ...at('PATH', onPath),
    ...at('Debian', await versionedDirectories(join(systemRoot, 'usr', 'lib', 'postgresql'), /^\d+$/)),
    ...at('Homebrew', await homebrewDirectories(systemRoot)),
  ];
}

function at(place: ToolPlace, directories: readonly string[]): Candidate[] {
  return directories.map((directory) => ({ place, directory }));
}

function splitPath(value: string | undefined): string[] {
  return (value ?? '').split(delimiter).filter((directory) => isAbsolute(directory));
}

/** `<layer>/postgresql/<major>/usr/lib/postgresql/<major>/bin` */
async function layerDirectories(layer: string): Promise<string[]> {
  const parent = join(layer, 'postgresql');
  const majors = await newestFirst(parent, /^\d+$/);
  return majors.map((major) => join(parent, major, 'usr', 'lib', 'postgresql', major, 'bin'));
}

/** The server kind holds the client programs too. */
async function builtDirectories(layers: readonly string[]): Promise<string[]> {
  return (await Promise.all(layers.map(layerDirectories))).flat();
}

async function versionedDirectories(parent: string, pattern: RegExp): Promise<string[]> {
  return (await newestFirst(parent, pattern)).map((name) => join(parent, name, 'bin'));
}

/** Formulas that are versioned are not linked into a directory of PATH. */
async function homebrewDirectories(systemRoot: string): Promise<string[]> {
  const prefixes = [join(systemRoot, 'opt', 'homebrew', 'opt'), join(systemRoot, 'usr', 'local', 'opt')];
  const found = prefixes.map((prefix) => versionedDirectories(prefix, /^(libpq|postgresql)(@\d+)?$/));
  return (await Promise.all(found)).flat();
}

async function newestFirst(parent: string, pattern: RegExp): Promise<string[]> {
  const names = await readdir(parent).catch(() => []);
  const matching = names.filter((name) => pattern.test(name));
  return matching.sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
}
