import { join } from 'node:path';
import type { Architecture, LayerKind } from './build-root.ts';
import { LayerBuildError } from './errors.ts';
import { libraryClosure, triplets } from './library-closure.ts';
import {
  copyServerFiles,
  ownTimeZones,
  type ServerFiles,
  serverSettings,
  writeScript,
} from './server-files.ts';
import { openTreeCopy } from './tree-copy.ts';
import { wrapperScript } from './wrapper.ts';

const clientPrograms = ['pg_dump', 'pg_restore', 'pg_dumpall', 'psql'];
const serverPrograms = ['postgres', 'initdb', 'pg_ctl'];

/** Runs the server apart from everything else; not PostgreSQL's, and in /usr/bin. */
const sandboxProgram = 'bwrap';

export const programsOf: Readonly<Record<LayerKind, readonly string[]>> = {
  client: clientPrograms,
  server: [...clientPrograms, ...serverPrograms],
};

/** `tree`: where the packages were unpacked; `target`: the major's own directory, its `usr` lies below. */
export type Assembly = ServerFiles & {
  readonly arch: Architecture;
  readonly kind: LayerKind;
  readonly signal?: AbortSignal | undefined;
};

export type Assembled = {
  /** The files of the tree that were taken. */
  readonly taken: ReadonlySet<string>;
  /** Whose time zones the server reads; `undefined` of the client kind. */
  readonly timeZones: 'layer' | 'system' | undefined;
};

/**
 * Picks from the unpacked packages what the programs need to run, and nothing else.
 *
 * @throws LayerBuildError where a part is missing
 */
export async function assemble(assembly: Assembly): Promise<Assembled> {
  const { tree, target, major, arch, kind, signal } = assembly;
  const home = join('usr', 'lib', 'postgresql', String(major));
  const origins = new Map(programsOf[kind].map((name) => [name, join(home, 'bin', name)]));
  if (kind === 'server') origins.set(sandboxProgram, join('usr', 'bin', sandboxProgram));
  const copy = await openTreeCopy(tree, target, signal);
  if (kind === 'server') await copyServerFiles(copy, assembly);

  const modules = [...copy.taken].filter((path) => path.endsWith('.so'));
  const { libraries, loader, missing } = await libraryClosure(tree, arch, [...origins.values(), ...modules]);
  const [absent] = missing;
  if (absent !== undefined || loader === undefined) throw brokenPackages(major, absent);
  for (const [name, path] of libraries) await copy.file(path, join('usr', 'lib', triplets[arch], name));

  const binary = (program: string): string => join(home, 'libexec', program);
  for (const [program, path] of origins) await copy.file(path, binary(program));
  const timeZones =
    kind === 'server'
      ? await ownTimeZones(
          copy,
          ['postgres', 'initdb'].map(binary).map((path) => join(target, path)),
        )
      : undefined;
  const settings = timeZones === undefined ? [] : await serverSettings(copy, major, timeZones);
  for (const program of origins.keys()) {
    const own = serverPrograms.includes(program) ? settings : [];
    const script = wrapperScript({ program, arch, loader, settings: own });
    await writeScript(join(target, home, 'bin', program), script);
  }
  return { taken: copy.taken, timeZones };
}

function brokenPackages(major: number, absent: readonly [string, string] | undefined): LayerBuildError {
  return new LayerBuildError({
    what: `The packages of PostgreSQL ${major} are not complete`,
    got: absent === undefined ? 'no dynamic loader' : `${absent[0]} is missing, which ${absent[1]} needs`,
    fix: 'The package source may be in the middle of an update, then run it again in an hour; or an extension needs what a layer cannot hold, then leave it out.',
  });
}
