import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, sep } from 'node:path';

export const architectures = ['x86_64', 'arm64'] as const;
/** Lambda's names. */
export type Architecture = (typeof architectures)[number];

export const layerKinds = ['client', 'server'] as const;
/** `client`: pg_dump, pg_restore, pg_dumpall, psql. `server`: these, and postgres, initdb, pg_ctl with all they need. */
export type LayerKind = (typeof layerKinds)[number];

/** This machine's architecture; `undefined` where no layer would run. */
export function machineArchitecture(): Architecture | undefined {
  if (process.platform !== 'linux') return undefined;
  if (process.arch === 'x64') return 'x86_64';
  return process.arch === 'arm64' ? 'arm64' : undefined;
}

/**
 * Where layers are built and looked for: `layers/postgres/build` in a clone, `$XDG_CACHE_HOME/pgproof/postgres`
 * (`~/.cache/…`) for an installed package. Below it: `<arch>/<kind>/postgresql/<major>/usr/…`.
 */
export function buildRoot(environment: NodeJS.ProcessEnv = process.env): string {
  return cloneBuildRoot() ?? join(cacheHome(environment), 'pgproof', 'postgres');
}

/** What lies at `/opt` in Lambda. */
export function layerDirectory(root: string, arch: Architecture, kind: LayerKind): string {
  return join(root, arch, kind);
}

/** One version's programs in a layer, as Debian lays them out: they find `share` and `lib` relative to it. */
export function programDirectory(layer: string, major: number): string {
  return join(layer, 'postgresql', String(major), 'usr', 'lib', 'postgresql', String(major), 'bin');
}

/**
 * Whether programs work below this path. The dynamic loader reads `:`, `;` and `$` in `--library-path` and knows no
 * way to quote them; initdb and pg_dumpall ask their siblings for a version through a shell, in double quotes.
 */
export function isUsablePath(path: string): boolean {
  return !/[:;$"`\\]/.test(path);
}

/** Where this user's programs keep what can be made again. */
export function cacheHome(environment: NodeJS.ProcessEnv = process.env): string {
  const configured = environment.XDG_CACHE_HOME;
  // Relative values are to be ignored: XDG Base Directory Specification.
  return configured?.startsWith('/') === true ? configured : join(environment.HOME ?? homedir(), '.cache');
}

function cloneBuildRoot(): string | undefined {
  const root = packageRoot();
  if (root === undefined || root.split(sep).includes('node_modules')) return undefined;
  const source = join(root, 'layers', 'postgres');
  if (!existsSync(source) || !isWritable(source) || !isUsablePath(root)) return undefined;
  return join(source, 'build');
}

/** The nearest directory above this file whose package.json is ours; a bundle in Lambda has none. */
function packageRoot(): string | undefined {
  // CommonJS bundles have no import.meta.
  const start: string | undefined = import.meta.dirname;
  for (let directory: string | undefined = start; directory !== undefined; directory = parentOf(directory)) {
    if (isOurPackage(join(directory, 'package.json'))) return directory;
  }
  return undefined;
}

function parentOf(directory: string): string | undefined {
  const parent = dirname(directory);
  return parent === directory ? undefined : parent;
}

function isOurPackage(path: string): boolean {
  try {
    const content: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return typeof content === 'object' && content !== null && 'name' in content && content.name === 'pgproof';
  } catch {
    return false;
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
