import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { buildRoot, type LayerKind, layerDirectory, layerKinds, machineArchitecture } from './build-root.ts';

export type FetchOptions = {
  /** Default: `process.env`. */
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** What `layers/postgres` builds into. */
  readonly buildRoot?: string | undefined;
  /** Hears one line of text per step. */
  readonly onProgress?: ((line: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
};

/** Whether programs can be fetched from the distribution: on Debian and Ubuntu, and never in Lambda. */
export async function canFetchTools(env: NodeJS.ProcessEnv = process.env): Promise<boolean> {
  if (process.platform !== 'linux' || env.AWS_LAMBDA_FUNCTION_NAME !== undefined) return false;
  return (await isOnPath('apt-get', env)) && (await isOnPath('dpkg-deb', env));
}

/** The layers that were built for this machine, whether or not they are there: what would be `/opt` in Lambda. */
export function builtLayers(env: NodeJS.ProcessEnv, root: string = buildRoot(env)): string[] {
  const arch = machineArchitecture();
  return arch === undefined ? [] : layerKinds.map((kind) => layerDirectory(root, arch, kind));
}

/**
 * Builds the given major, or the nearest newer one that the machine's package sources have; nothing if they have
 * none.
 *
 * @throws LayerBuildError
 */
export async function fetchTools(
  kind: LayerKind,
  wanted: number,
  { env = process.env, buildRoot: into = buildRoot(env), onProgress, signal }: FetchOptions,
): Promise<void> {
  // Loaded only here: a function in Lambda never needs the builder.
  const { availableMajors, buildLayer } = await import('./build-layer.ts');
  const major = (await availableMajors(signal)).find((one) => one >= wanted);
  if (major !== undefined) await buildLayer({ majors: [major], kind, into, onProgress, signal });
}

async function isOnPath(program: string, env: NodeJS.ProcessEnv): Promise<boolean> {
  const directories = (env.PATH ?? '').split(delimiter).filter((directory) => directory !== '');
  const answers = directories.map((directory) =>
    access(join(directory, program), constants.X_OK).then(
      () => true,
      () => false,
    ),
  );
  return (await Promise.all(answers)).includes(true);
}
